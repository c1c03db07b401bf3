/** Which bytes of a representation a request asks for. `start` and `end` are offsets, `end` included. */
export type RequestedRange =
  { kind: 'whole' } | { kind: 'range'; start: number; end: number } | { kind: 'unsatisfiable' };

const WHOLE: RequestedRange = { kind: 'whole' };
const UNSATISFIABLE: RequestedRange = { kind: 'unsatisfiable' };

/**
 * Reads a Range header (RFC 9110, section 14.2) against a representation of `size` bytes.
 *
 * Only a single range of `bytes` is served as such. Several of them, other units and malformed values mean the whole
 * representation, as the RFC allows: a multipart answer could be many times as long as the file.
 */
export function parseRange(header: string | undefined, size: number): RequestedRange {
  const set = header === undefined ? null : /^bytes=(.*)$/i.exec(header);
  if (!set) return WHOLE;

  // Empty elements of a list count for nothing (section 5.6.1.2).
  const specs = set[1]!.split(',').filter((element) => /[^ \t]/.test(element));
  const spec = specs.length === 1 ? /^[ \t]*(\d*)-(\d*)[ \t]*$/.exec(specs[0]!) : null;
  if (!spec) return WHOLE;

  const [, first, last] = spec as unknown as [string, string, string];
  if (first === '') return last === '' ? WHOLE : suffix(toOffset(last), size);
  const start = toOffset(first);
  const end = last === '' ? Infinity : toOffset(last);
  if (end < start) return WHOLE;
  if (start >= size) return UNSATISFIABLE;
  return { kind: 'range', start, end: Math.min(end, size - 1) };
}

/** The Content-Range of a 206: `bytes 0-99/1000`. */
export function contentRange(range: { start: number; end: number }, size: number): string {
  return `bytes ${range.start}-${range.end}/${size}`;
}

/** The Content-Range of a 416, which tells the size: `bytes *\/1000`. */
export function unsatisfiedContentRange(size: number): string {
  return `bytes */${size}`;
}

function suffix(length: number, size: number): RequestedRange {
  if (length === 0) return UNSATISFIABLE;
  // Satisfiable by section 14.1.2, but there is no Content-Range that could say "none of nothing".
  if (size === 0) return WHOLE;
  return { kind: 'range', start: Math.max(0, size - length), end: size - 1 };
}

/** No size is beyond the safe integers, so that all larger numbers may mean the same. */
function toOffset(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}
