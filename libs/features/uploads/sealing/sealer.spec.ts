import { randomBytes, sealedSize, SegmentDecryptor, sha256, Sha256Thread } from '@waybill/core/crypto';
import type { ObjectWriter } from '@waybill/platform/storage';
import type { StagingReader } from '../staging/staging-reader';
import { sealContent, type SealedContent } from './sealer';

const MIB = 1024 * 1024;
const THREAD_FROM = 64 * MIB;
const file = { dek: randomBytes(32), aad: Buffer.from('waybill:file:v1:one:1') };
const content = randomBytes(THREAD_FROM + 1);

/** Hands out bytes in the chunks in which staged segments come. */
const readerOf = (size: number): StagingReader =>
  ({
    size,
    async *chunks() {
      for (let at = 0; at < size; at += 128 * 1024)
        yield content.subarray(at, Math.min(size, at + 128 * 1024));
    },
  }) as unknown as StagingReader;

class MemoryWriter implements ObjectWriter {
  readonly pieces: Buffer[] = [];

  async write(buffers: Buffer[]): Promise<void> {
    // They are used again.
    for (const buffer of buffers) this.pieces.push(Buffer.from(buffer));
  }

  async commit(): Promise<{ size: number }> {
    return { size: this.pieces.reduce((sum, { length }) => sum + length, 0) };
  }

  async abort(): Promise<void> {}
}

const seal = (
  size: number,
  writer: ObjectWriter,
  signal = new AbortController().signal,
): Promise<SealedContent> => sealContent(readerOf(size), writer, file, signal, () => undefined);

function unsealed(pieces: Buffer[]): Buffer {
  const sealed = Buffer.concat(pieces);
  const decryptor = SegmentDecryptor.open({
    key: file.dek,
    aad: file.aad,
    header: sealed.subarray(0, 40),
    sealedBytes: sealed.length,
  });
  const segments = Array.from({ length: decryptor.segmentCount }, (_, index) => {
    const { start, end } = decryptor.segmentRange(index);
    return decryptor.decryptSegment(index, sealed.subarray(start, end));
  });
  return Buffer.concat(segments);
}

let update: jest.SpyInstance;
let dispose: jest.SpyInstance;
beforeEach(() => {
  update = jest.spyOn(Sha256Thread.prototype, 'update');
  dispose = jest.spyOn(Sha256Thread.prototype, 'dispose');
});
afterEach(() => jest.restoreAllMocks());

describe('sealContent', () => {
  it.each([
    [0, 'here'],
    [1, 'here'],
    [1_048_520, 'here'],
    [1_048_521, 'here'],
    [THREAD_FROM - 1, 'here'],
    [THREAD_FROM, 'in a thread'],
    [THREAD_FROM + 1, 'in a thread'],
  ])('seals %d bytes, hashed %s', async (size, where) => {
    const writer = new MemoryWriter();
    const sealed = await seal(size, writer);
    const plaintext = content.subarray(0, size);
    expect(sealed).toEqual({ sha256: sha256(plaintext), sealedSize: sealedSize(size) });
    expect(unsealed(writer.pieces).equals(plaintext)).toBe(true);
    expect(update.mock.calls.length > 0).toBe(where === 'in a thread');
    expect(dispose).toHaveBeenCalledTimes(where === 'in a thread' ? 1 : 0);
  });

  it.each<[string, (writer: MemoryWriter, stop: AbortController) => void]>([
    ['it is stopped', (_writer, stop) => stop.abort(new Error('enough'))],
    ['the store fails', (writer) => void jest.spyOn(writer, 'write').mockRejectedValue(new Error('enough'))],
    [
      'the commit fails',
      (writer) => void jest.spyOn(writer, 'commit').mockRejectedValue(new Error('enough')),
    ],
    ['the hashing thread dies', () => void update.mockRejectedValue(new Error('enough'))],
  ])('rejects and leaves no thread behind when %s', async (_what, breakIt) => {
    const writer = new MemoryWriter();
    const stop = new AbortController();
    breakIt(writer, stop);
    await expect(seal(THREAD_FROM, writer, stop.signal)).rejects.toThrow('enough');
    expect(dispose).toHaveBeenCalledTimes(1);
    await dispose.mock.results[0]!.value;
  });

  it('commits nothing when the digest fails', async () => {
    const writer = new MemoryWriter();
    const commit = jest.spyOn(writer, 'commit');
    jest.spyOn(Sha256Thread.prototype, 'digest').mockRejectedValue(new Error('enough'));
    await expect(seal(THREAD_FROM, writer)).rejects.toThrow('enough');
    expect(commit).not.toHaveBeenCalled();
  });
});
