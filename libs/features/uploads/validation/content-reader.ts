import { mismatch } from './refusals';

/**
 * Random access to the bytes of a finished upload, wherever and however they rest. `read` answers exactly `length`
 * bytes; it is never asked for bytes outside `0..size`. What it throws is passed on untouched: a broken disk is not a
 * refused document.
 */
export interface ContentReader {
  /** In bytes. */
  readonly size: number;
  read(position: number, length: number): Promise<Buffer>;
}

/** Reads `length` bytes at `position`; a document that is too short to have them is truncated: `CONTENT_MISMATCH`. */
export async function readWithin(reader: ContentReader, position: number, length: number): Promise<Buffer> {
  if (position < 0 || length < 0 || position + length > reader.size) throw mismatch('The file is truncated.');
  return length === 0 ? Buffer.alloc(0) : reader.read(position, length);
}

/** The last `length` bytes, or all where there are fewer. */
export function readTail(reader: ContentReader, length: number): Promise<Buffer> {
  const taken = Math.min(length, reader.size);
  return readWithin(reader, reader.size - taken, taken);
}

const CHUNK = 1 << 20;

/** The bytes from `position` to the end, in pieces of at most 1 MiB, the size of a stored segment. */
export async function* readChunks(reader: ContentReader, position = 0): AsyncGenerator<Buffer> {
  for (let at = position; at < reader.size; at += CHUNK) {
    yield await reader.read(at, Math.min(CHUNK, reader.size - at));
  }
}

/** A stretch of content as content of its own. */
export function slice(reader: ContentReader, offset: number, size: number): ContentReader {
  return { size, read: (position, length) => readWithin(reader, offset + position, length) };
}

const WINDOW = 256 * 1024;

/**
 * Serves many small reads that move forward from few large ones, since each read of stored bytes costs a decryption.
 * However many reads there are, the bytes fetched are bounded by the content's size plus one window for each read that
 * goes backward.
 */
export class WindowedReader implements ContentReader {
  private start = 0;
  private window: Buffer = Buffer.alloc(0);

  constructor(private readonly source: ContentReader) {}

  get size(): number {
    return this.source.size;
  }

  async read(position: number, length: number): Promise<Buffer> {
    const within = position - this.start;
    if (within < 0 || within + length > this.window.length) {
      const taken = Math.max(length, Math.min(WINDOW, this.size - position));
      this.window = await readWithin(this.source, position, taken);
      this.start = position;
      return this.window.subarray(0, length);
    }
    return this.window.subarray(within, within + length);
  }
}
