import { BlockPool, createSha256, SegmentEncryptor, Sha256Thread } from '@waybill/core/crypto';
import { AppError } from '@waybill/core/kernel';
import type { ObjectWriter } from '@waybill/platform/storage';
import type { StagingReader } from '../staging/staging-reader';

const BATCH_BYTES = 1024 * 1024;
/** Batches on their way to the store while the next one is made. */
const BATCHES_IN_FLIGHT = 3;
/** From this size on a thread for the digest saves more than its start costs. */
const HASHING_THREAD_BYTES = 64 * 1024 * 1024;

/** Where ciphertext lies until the store has it, of all sealings of this process. */
const MEMORY = new BlockPool(64 * 1024, 4 * 1024 * 1024);

export interface SealedContent {
  sha256: Buffer;
  sealedSize: number;
}

/**
 * One pass over an upload's bytes: read and verify, hash, encrypt under the file's own key, write. What is large is
 * hashed in a thread of its own meanwhile. Resolves when the object is durable. The caller aborts the writer when this
 * rejects.
 *
 * @param onSealed hears of bytes of plaintext that are done with, as they are.
 */
export async function sealContent(
  reader: StagingReader,
  writer: ObjectWriter,
  file: { dek: Buffer; aad: Buffer },
  signal: AbortSignal,
  onSealed: (bytes: number) => void,
): Promise<SealedContent> {
  const thread = reader.size < HASHING_THREAD_BYTES ? null : new Sha256Thread();
  const hash = thread ?? createSha256();
  const encryptor = new SegmentEncryptor({
    key: file.dek,
    aad: file.aad,
    plaintextBytes: reader.size,
    memory: MEMORY,
  });
  const outbound = new OutboundBatches(writer);
  try {
    for await (const chunk of reader.chunks({ start: 0, end: reader.size })) {
      if (signal.aborted) throw signal.reason;
      await hash.update(chunk);
      await outbound.push(encryptor.update(chunk));
      onSealed(chunk.length);
    }
    await outbound.push(encryptor.final());
    const sha256 = await hash.digest();
    await outbound.drain();
    if (signal.aborted) throw signal.reason;
    const { size: sealedSize } = await writer.commit();
    if (sealedSize !== encryptor.sealedBytes) {
      throw new AppError('INTEGRITY_FAILURE', 'The store holds another number of bytes than were written.');
    }
    return { sha256, sealedSize };
  } catch (error) {
    await outbound.settle();
    throw error;
  } finally {
    encryptor.dispose();
    outbound.dispose();
    await thread?.dispose();
  }
}

/** Gathers small buffers into writes of about 1 MiB, and keeps a bounded number of them under way. */
class OutboundBatches {
  private batch: Buffer[] = [];
  private bytes = 0;
  private inFlight: Promise<void>[] = [];

  constructor(private readonly writer: ObjectWriter) {}

  push(buffers: Buffer[]): Promise<void> | undefined {
    for (const buffer of buffers) {
      this.batch.push(buffer);
      this.bytes += buffer.length;
    }
    return this.bytes >= BATCH_BYTES ? this.flush() : undefined;
  }

  async drain(): Promise<void> {
    await this.flush();
    await Promise.all(this.inFlight);
  }

  /** Waits until nothing is under way, whatever became of it. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.inFlight);
  }

  /** Gives up what was not handed to the store. */
  dispose(): void {
    giveBack(this.batch);
    this.batch = [];
  }

  private async flush(): Promise<void> {
    const batch = this.batch;
    this.batch = [];
    this.bytes = 0;
    if (batch.length === 0) return;
    const write = this.writer.write(batch).finally(() => giveBack(batch));
    // Its failure is met where it is awaited; until then it must not count as unhandled.
    write.catch(() => undefined);
    this.inFlight.push(write);
    if (this.inFlight.length > BATCHES_IN_FLIGHT) await this.inFlight.shift();
  }
}

function giveBack(blocks: Buffer[]): void {
  for (const block of blocks) MEMORY.give(block);
}
