import { BOX_OVERHEAD_BYTES, deriveKey, openBox, sealBox } from '.';

const key = deriveKey('a secret of many purposes', 'box.spec');
const value = Buffer.from('{"status":201}');

describe('a box', () => {
  it('gives back what was put in, and only the context that it was sealed for opens it', () => {
    const box = sealBox(key, value, 'row 1');
    expect(box).toHaveLength(value.length + BOX_OVERHEAD_BYTES);
    expect(openBox(key, box, 'row 1')).toEqual(value);
  });

  it('may be empty', () => {
    expect(openBox(key, sealBox(key, Buffer.alloc(0), 'row 1'), 'row 1')).toEqual(Buffer.alloc(0));
  });

  it('shows nothing of what is in it, nor that it is the same twice', () => {
    const boxes = [sealBox(key, value, 'row 1'), sealBox(key, value, 'row 1')];
    expect(boxes[0]).not.toEqual(boxes[1]);
    for (const box of boxes) expect(box.includes('status')).toBe(false);
  });

  it.each(Array.from({ length: value.length + BOX_OVERHEAD_BYTES }, (_, index) => index))(
    'does not open when byte %i was changed',
    (index) => {
      const box = sealBox(key, value, 'row 1');
      box[index]! ^= 1;
      expect(() => openBox(key, box, 'row 1')).toThrow(
        expect.objectContaining({ code: 'INTEGRITY_FAILURE' }),
      );
    },
  );

  it.each([
    ['another context', key, 'row 2', 0],
    ['another key', deriveKey('another secret', 'box.spec'), 'row 1', 0],
    ['a missing byte', key, 'row 1', 1],
    ['almost nothing', key, 'row 1', value.length + 1],
    ['nothing', key, 'row 1', value.length + BOX_OVERHEAD_BYTES],
  ])('does not open with %s', (_, opener, context, missing) => {
    const box = sealBox(key, value, 'row 1');
    expect(() => openBox(opener, box.subarray(0, box.length - missing), context)).toThrow(
      expect.objectContaining({ code: 'INTEGRITY_FAILURE' }),
    );
  });

  it('takes no key of another length', () => {
    expect(() => sealBox(key.subarray(1), value, '')).toThrow(RangeError);
    expect(() => openBox(key.subarray(1), sealBox(key, value, ''), '')).toThrow(RangeError);
  });
});
