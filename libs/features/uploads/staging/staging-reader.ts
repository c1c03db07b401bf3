import { SegmentDecryptor, segmentsForRange, stagingAad, wipe, type ByteRange } from '@waybill/core/crypto';
import { AppError, pageAlignedBuffer } from '@waybill/core/kernel';
import type { ObjectReader, ObjectStores } from '@waybill/platform/storage';
import type { ContentReader } from '../validation';
import type { PartRow } from '../upload.repository';
import { STAGING_FORMAT } from './staging-format';

/** Big fresh buffers cost more than what is done with them: few large reads, into buffers that are used again. */
const SEGMENTS_AT_ONCE = 4;

/** Segments that were read together: those before `end`. */
interface SegmentRun {
  end: number;
  segment(index: number): Buffer;
}

interface OpenPart {
  row: PartRow;
  object: ObjectReader;
  decryptor: SegmentDecryptor;
}

/**
 * Reads an upload's plaintext back out of its staging parts, anywhere and in any order, verified segment by segment.
 * One part is open and one range read at a time; whoever makes a reader closes it.
 */
export class StagingReader implements ContentReader {
  readonly size: number;
  private open: OpenPart | null = null;
  /** Of the segment that is being read. */
  private readonly plaintext: Buffer;
  private buffers: [spare: Buffer, busy: Buffer] = [Buffer.alloc(0), Buffer.alloc(0)];

  constructor(
    private readonly uploadId: string,
    private readonly dek: Buffer,
    private readonly parts: readonly PartRow[],
    private readonly stores: ObjectStores,
  ) {
    let end = 0;
    for (const part of parts) {
      if (part.offsetBytes !== end) throw new AppError('INTEGRITY_FAILURE', 'The staged parts do not join.');
      end += part.sizeBytes;
    }
    this.size = end;
    this.plaintext = Buffer.allocUnsafeSlow(Math.min(end, STAGING_FORMAT.segmentSize));
  }

  /** Exactly the bytes from `position` on, in one buffer. Meant for small pieces. */
  async read(position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    let filled = 0;
    for await (const piece of this.chunks({ start: position, end: position + length }))
      filled += piece.copy(bytes, filled);
    return bytes.subarray(0, filled);
  }

  /**
   * The bytes of a range in order, verified segment by segment. Each chunk is good until the next one is asked for: they
   * share their memory, since fresh buffers of gigabytes would be garbage faster than it is collected.
   */
  async *chunks(range: ByteRange): AsyncGenerator<Buffer> {
    for (const row of this.parts) {
      const start = Math.max(range.start, row.offsetBytes) - row.offsetBytes;
      const end = Math.min(range.end, row.offsetBytes + row.sizeBytes) - row.offsetBytes;
      if (start < end) yield* this.chunksOfPart(row, { start, end });
    }
  }

  async close(): Promise<void> {
    const open = this.open;
    this.open = null;
    wipe(this.plaintext);
    open?.decryptor.dispose();
    await open?.object.close();
  }

  private async *chunksOfPart(row: PartRow, range: ByteRange): AsyncGenerator<Buffer> {
    // Who reads all of a part seals it, and nobody reads it after him.
    const { object, decryptor } = await this.openPart(row, range.end - range.start === row.sizeBytes);
    const span = segmentsForRange(range, STAGING_FORMAT);
    let ahead = this.readAhead(object, decryptor, span.first, span.end);
    try {
      for (let next = span.first; next < span.end;) {
        const run = await ahead;
        if (run.end < span.end) ahead = this.readAhead(object, decryptor, run.end, span.end);
        for (; next < run.end; next++) {
          const at = decryptor.segmentPlaintextRange(next).start;
          const plaintext = decryptor.decryptSegment(next, run.segment(next), this.plaintext);
          yield plaintext.subarray(Math.max(range.start - at, 0), Math.min(range.end - at, plaintext.length));
        }
      }
    } finally {
      // The reader may stop early; what is under way must have ended before the object can be closed.
      await ahead.catch(() => undefined);
    }
  }

  private readAhead(
    object: ObjectReader,
    decryptor: SegmentDecryptor,
    first: number,
    end: number,
  ): Promise<SegmentRun> {
    const reading = this.readRun(object, decryptor, first, Math.min(end, first + SEGMENTS_AT_ONCE));
    // Its failure is met where it is awaited; until the consumer comes back it must not count as unhandled.
    reading.catch(() => undefined);
    return reading;
  }

  /** One read for several segments, into one of two buffers in turn: the other holds what is being decrypted. */
  private async readRun(
    object: ObjectReader,
    decryptor: SegmentDecryptor,
    first: number,
    end: number,
  ): Promise<SegmentRun> {
    // The header before the first segment comes along: where segments begin, pages do.
    const from = first * STAGING_FORMAT.segmentSize;
    const bytes = decryptor.segmentRange(end - 1).end - from;
    const [spare, busy] = this.buffers;
    const buffer = spare.length >= bytes ? spare : pageAlignedBuffer(bytes);
    this.buffers = [busy, buffer];
    await object.read(buffer.subarray(0, bytes), from);
    const segment = (index: number): Buffer => {
      const { start, end: stop } = decryptor.segmentRange(index);
      return buffer.subarray(start - from, stop - from);
    };
    return { end, segment };
  }

  private async openPart(row: PartRow, once: boolean): Promise<OpenPart> {
    if (this.open?.row === row) return this.open;
    await this.close();
    const expected = { start: 0, end: row.sealedSize, once };
    const object = await this.stores.of(row.driver).open(row.objectKey, expected);
    try {
      if (object.size !== row.sealedSize)
        throw new AppError('INTEGRITY_FAILURE', 'A staged part has another size.');
      const header = Buffer.allocUnsafe(STAGING_FORMAT.headerBytes);
      await object.read(header, 0);
      const aad = stagingAad(this.uploadId, row.offsetBytes);
      const sealedBytes = object.size;
      const decryptor = SegmentDecryptor.open({
        key: this.dek,
        aad,
        header,
        sealedBytes,
        format: STAGING_FORMAT,
      });
      this.open = { row, object, decryptor };
      return this.open;
    } catch (error) {
      await object.close();
      throw error;
    }
  }
}
