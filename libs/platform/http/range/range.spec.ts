import fc from 'fast-check';
import { contentRange, parseRange, unsatisfiedContentRange } from './range';

const whole = { kind: 'whole' };
const unsatisfiable = { kind: 'unsatisfiable' };
const range = (start: number, end: number) => ({ kind: 'range', start, end });
const HUGE = '9'.repeat(400);

describe('L11 parseRange', () => {
  it.each([
    ['the first byte', 'bytes=0-0', 1000, range(0, 0)],
    ['the first 500', 'bytes=0-499', 1000, range(0, 499)],
    ['the second 500', 'bytes=500-999', 1000, range(500, 999)],
    ['the last byte', 'bytes=999-999', 1000, range(999, 999)],
    ['the last byte, open', 'bytes=999-', 1000, range(999, 999)],
    ['everything, open', 'bytes=0-', 1000, range(0, 999)],
    ['everything', 'bytes=0-999', 1000, range(0, 999)],
    ['an end beyond the size', 'bytes=900-1000', 1000, range(900, 999)],
    ['an end far beyond it', `bytes=900-${HUGE}`, 1000, range(900, 999)],
    ['a suffix', 'bytes=-500', 1000, range(500, 999)],
    ['a suffix of one', 'bytes=-1', 1000, range(999, 999)],
    ['a suffix of the size', 'bytes=-1000', 1000, range(0, 999)],
    ['a suffix beyond the size', 'bytes=-1001', 1000, range(0, 999)],
    ['a suffix far beyond it', `bytes=-${HUGE}`, 1000, range(0, 999)],
    ['a segment boundary', 'bytes=1048519-1048521', 3 * 1024 * 1024 + 1, range(1048519, 1048521)],
    ['leading zeros', 'bytes=0000000000000000000000001-02', 1000, range(1, 2)],
    ['the unit in another case', 'Bytes=0-1', 1000, range(0, 1)],
    ['empty list elements', 'bytes=, ,0-1 , ', 1000, range(0, 1)],
    ['blanks around it', 'bytes= \t0-1\t', 1000, range(0, 1)],
    ['a size beyond 32 bits', 'bytes=5368709120-', 5368709121, range(5368709120, 5368709120)],
    ['the largest size', 'bytes=-1', Number.MAX_SAFE_INTEGER, range(2 ** 53 - 2, 2 ** 53 - 2)],
    ['a size of one', 'bytes=0-', 1, range(0, 0)],
  ])('L11 serves %s: %s of %d', (_what, header, size, expected) => {
    expect(parseRange(header, size)).toEqual(expected);
  });

  it.each([
    ['a start at the size', 'bytes=1000-', 1000],
    ['a start at the size, closed', 'bytes=1000-1000', 1000],
    ['a start beyond it', 'bytes=2000-3000', 1000],
    ['a start far beyond it', `bytes=${HUGE}-`, 1000],
    ['a start and end far beyond it', `bytes=${HUGE}-${HUGE}`, 1000],
    ['a start just beyond the safe integers', 'bytes=9007199254740993-', Number.MAX_SAFE_INTEGER],
    ['a suffix of nothing', 'bytes=-0', 1000],
    ['a suffix of nothing, at length', 'bytes=-0000', 1000],
    ['the first byte of nothing', 'bytes=0-0', 0],
    ['all of nothing', 'bytes=0-', 0],
    ['a suffix of nothing of nothing', 'bytes=-0', 0],
  ])('L11 cannot satisfy %s: %s of %d', (_what, header, size) => {
    expect(parseRange(header, size)).toEqual(unsatisfiable);
  });

  it.each([
    ['no header', undefined, 1000],
    ['an empty header', '', 1000],
    ['no set', 'bytes', 1000],
    ['an empty set', 'bytes=', 1000],
    ['a list of nothing', 'bytes=,, ,', 1000],
    ['only a dash', 'bytes=-', 1000],
    ['no dash', 'bytes=5', 1000],
    ['reversed', 'bytes=5-4', 1000],
    ['reversed far beyond', `bytes=${HUGE}-0`, 1000],
    ['a negative start', 'bytes=-5-4', 1000],
    ['a sign', 'bytes=+1-4', 1000],
    ['a fraction', 'bytes=1.5-4', 1000],
    ['an exponent', 'bytes=1e2-', 1000],
    ['hexadecimal', 'bytes=0x1-0x2', 1000],
    ['other digits', 'bytes=١-٢', 1000],
    ['blanks within', 'bytes=0 - 1', 1000],
    ['blanks before the equals sign', 'bytes =0-1', 1000],
    ['text after it', 'bytes=0-1;q=1', 1000],
    ['a line end', 'bytes=0-1\r\nX: y', 1000],
    ['another unit', 'items=0-1', 1000],
    ['a unit that begins alike', 'bytesx=0-1', 1000],
    ['none', 'none', 1000],
    ['two ranges', 'bytes=0-1,5-6', 1000],
    ['two ranges that overlap', 'bytes=0-,0-', 1000],
    ['two ranges after many empty elements', `bytes=0-1${','.repeat(100)}5-6`, 1000],
    ['one good range and one that cannot be satisfied', 'bytes=0-1,5000-', 1000],
    ['the header twice, as Node joins it', 'bytes=0-1, bytes=5-6', 1000],
    ['1000 tiny ranges', `bytes=${Array.from({ length: 1000 }, (_, i) => `${i}-${i}`).join(',')}`, 1000],
    ['a suffix of an empty file', 'bytes=-5', 0],
  ])('L11 answers the whole for %s', (_what, header, size) => {
    expect(parseRange(header, size)).toEqual(whole);
  });

  it('L11 names within bounds what slicing would give', () => {
    const offset = fc.option(fc.nat(60), { nil: '' as const });
    fc.assert(
      fc.property(offset, offset, fc.nat(50), (first, last, size) => {
        const bytes = Array.from({ length: size }, (_, i) => i);
        const result = parseRange(`bytes=${first}-${last}`, size);
        const expected =
          first === ''
            ? last === ''
              ? bytes
              : bytes.slice(Math.max(0, size - last))
            : bytes.slice(first, last === '' ? size : last + 1);
        const ignored = first === '' ? last === '' || (size === 0 && last > 0) : last !== '' && last < first;
        if (ignored) expect(result).toEqual(whole);
        else if (expected.length === 0) expect(result).toEqual(unsatisfiable);
        else expect(result).toEqual(range(expected[0]!, expected.at(-1)!));
      }),
      { numRuns: 1000 },
    );
  });

  it('L11 writes Content-Range', () => {
    expect(contentRange({ start: 0, end: 499 }, 1000)).toBe('bytes 0-499/1000');
    expect(unsatisfiedContentRange(0)).toBe('bytes */0');
  });
});
