/** Bytes without a pattern, the same in every run (xorshift32). */
export function noise(size: number, seed = 0): Buffer {
  const words = new Uint32Array(Math.ceil(size / 4));
  let state = 0x9e3779b9 ^ Math.imul(seed + 1, 0x85ebca6b);
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return Buffer.from(words.buffer, 0, size);
}
