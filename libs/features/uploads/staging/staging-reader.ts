import { SegmentDecryptor, segmentsForRange, stagingAad, type ByteRange } from '@waybill/core/crypto';
import { AppError } from '@waybill/core/kernel';
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
  }

  /** Exactly the bytes from `position` on, in one buffer. Meant for small pieces. */
  async read(position: number, length: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.chunks({ start: position, end: position + length })) pieces.push(piece);
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, length);
  }

  /** The bytes of a range in order, in verified chunks of at most 128 KiB. */
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
    open?.decryptor.dispose();
    await open?.object.close();
  }

  private async *chunksOfPart(row: PartRow, range: ByteRange): AsyncGenerator<Buffer> {
    const { object, decryptor } = await this.openPart(row);
    const span = segmentsForRange(range, STAGING_FORMAT);
    let ahead = this.readAhead(object, decryptor, span.first, span.end);
    try {
      for (let next = span.first; next < span.end;) {
        const run = await ahead;
        if (run.end < span.end) ahead = this.readAhead(object, decryptor, run.end, span.end);
        for (; next < run.end; next++) {
          let at = decryptor.segmentPlaintextRange(next).start;
          for (const chunk of decryptor.decryptSegmentChunks(next, run.segment(next))) {
            const from = Math.max(range.start - at, 0);
            const to = Math.min(range.end - at, chunk.length);
            if (from < to) yield chunk.subarray(from, to);
            at += chunk.length;
          }
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
    const from = decryptor.segmentRange(first).start;
    const bytes = decryptor.segmentRange(end - 1).end - from;
    const [spare, busy] = this.buffers;
    const buffer = spare.length >= bytes ? spare : Buffer.allocUnsafeSlow(bytes);
    this.buffers = [busy, buffer];
    await object.read(buffer.subarray(0, bytes), from);
    const segment = (index: number): Buffer => {
      const { start, end: stop } = decryptor.segmentRange(index);
      return buffer.subarray(start - from, stop - from);
    };
    return { end, segment };
  }

  private async openPart(row: PartRow): Promise<OpenPart> {
    if (this.open?.row === row) return this.open;
    await this.close();
    const object = await this.stores.of(row.driver).open(row.objectKey);
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
