import type { ByteRange, SegmentDecryptor } from '@waybill/core/crypto';
import { segmentsForRange } from '@waybill/core/crypto';
import type { ObjectReader } from '@waybill/platform/storage';
import type { BufferPool } from './buffer-pool';
import { SegmentFeed } from './segment-feed';

/** A sealed object that was opened: its size is right, its key is there. Whoever opened it closes it. */
export class VaultObject {
  /** Bytes of plaintext. */
  readonly size: number;

  constructor(
    private readonly reader: ObjectReader,
    private readonly decryptor: SegmentDecryptor,
  ) {
    this.size = decryptor.plaintextBytes;
  }

  /** Verified plaintext of a range, segment by segment. To be closed before this object is. */
  read(range: ByteRange, pool: BufferPool): SegmentFeed {
    return new SegmentFeed(this.reader, this.decryptor, pool, range, segmentsForRange(range));
  }

  /** Verifies what no range of an empty file would touch: its only segment. */
  async verifyEmpty(): Promise<void> {
    const { start, end } = this.decryptor.segmentRange(0);
    const tag = Buffer.allocUnsafe(end - start);
    await this.reader.read(tag, start);
    this.decryptor.decryptSegmentChunks(0, tag);
  }

  /** Forgets the key and gives back the descriptor. Idempotent. */
  async close(): Promise<void> {
    this.decryptor.dispose();
    await this.reader.close();
  }
}
