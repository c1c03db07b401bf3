import { setImmediate as nextTurn } from 'node:timers/promises';
import { generateDek, randomBytes, SegmentEncryptor, stagingAad } from '@waybill/core/crypto';
import type { ObjectReader, ObjectStores } from '@waybill/platform/storage';
import type { PartRow } from '../upload.repository';
import { STAGING_FORMAT } from './staging-format';
import { StagingReader } from './staging-reader';

const UPLOAD = '0190f0a0-0000-7000-8000-000000000001';

/** An upload of one part of six segments, more than are read at once, whose object is read by `read`. */
function reading(read: (sealed: Buffer) => ObjectReader['read']): StagingReader {
  const dek = generateDek();
  const plaintext = randomBytes(5 * STAGING_FORMAT.capacity + 1);
  const encryptor = new SegmentEncryptor({ key: dek, aad: stagingAad(UPLOAD, 0), format: STAGING_FORMAT });
  const sealed = Buffer.concat([...encryptor.update(plaintext), ...encryptor.final()]);
  const object = { size: sealed.length, read: read(sealed), close: () => Promise.resolve() };
  const part: PartRow = {
    offsetBytes: 0,
    sizeBytes: plaintext.length,
    objectKey: 'staging/a',
    driver: 'local',
    sealedSize: sealed.length,
  };
  const stores = { of: () => ({ open: () => Promise.resolve(object) }) } as unknown as ObjectStores;
  return new StagingReader(UPLOAD, dek, [part], stores);
}

describe('StagingReader', () => {
  it('tells of a read-ahead that fails when its bytes are asked for, and not to the process', async () => {
    const reader = reading((sealed) => async (into, position) => {
      if (position >= 4 * STAGING_FORMAT.segmentSize) throw new Error('EIO');
      sealed.copy(into, 0, position);
    });
    const chunks = reader.chunks({ start: 0, end: reader.size });
    // The consumer takes its time with the first chunk, as one does that waits for a disk.
    expect((await chunks.next()).value).toBeInstanceOf(Buffer);
    await nextTurn();
    await nextTurn();
    const rest = async (): Promise<void> => {
      for await (const chunk of chunks) expect(chunk.length).toBeGreaterThan(0);
    };
    await expect(rest()).rejects.toThrow('EIO');
    await reader.close();
  });

  it('gives the right bytes of any range, also after a range that was left half-way', async () => {
    const reader = reading((sealed) => async (into, position) => {
      sealed.copy(into, 0, position);
    });
    const whole = await reader.read(0, reader.size);
    for (const start of [0, 1, 3 * STAGING_FORMAT.capacity, 4 * STAGING_FORMAT.capacity + 7]) {
      for await (const chunk of reader.chunks({ start, end: reader.size })) {
        expect(chunk.equals(whole.subarray(start, start + chunk.length))).toBe(true);
        break;
      }
      expect((await reader.read(start, 1000)).equals(whole.subarray(start, start + 1000))).toBe(true);
    }
    await reader.close();
  });
});
