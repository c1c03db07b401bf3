import { SegmentEncryptor, stagingAad, type BlockMemory } from '@waybill/core/crypto';
import type { ObjectWriter } from '@waybill/platform/storage';
import { STAGING_FORMAT } from './staging-format';

/** Small writes cost more than their bytes; large ones only memory. */
const BATCH_BYTES = 1024 * 1024;

export interface StagingPartOptions {
  uploadId: string;
  /** Where the part begins in the upload. */
  offset: number;
  key: string;
  /** The upload's staging key. */
  dek: Buffer;
  writer: ObjectWriter;
  memory: BlockMemory;
  /** Told of every change in the bytes on their way to the store. */
  onHeld: (delta: number) => void;
  onError: (error: unknown) => void;
}

/** A finished part: durable, and not yet committed. */
export interface SealedPart {
  key: string;
  offset: number;
  /** Bytes of plaintext. */
  size: number;
  /** Bytes in the store. */
  sealedSize: number;
}

/** One part while it is written: what comes is encrypted at once and goes out in batches, without Node streams. */
export class StagingPart {
  readonly openedAt = Date.now();
  private readonly encryptor: SegmentEncryptor;
  private batch: Buffer[] = [];
  private batchBytes = 0;

  constructor(private readonly options: StagingPartOptions) {
    this.encryptor = new SegmentEncryptor({
      key: options.dek,
      aad: stagingAad(options.uploadId, options.offset),
      format: STAGING_FORMAT,
      memory: options.memory,
    });
  }

  get key(): string {
    return this.options.key;
  }

  /** Bytes of plaintext taken in so far. */
  get size(): number {
    return this.encryptor.plaintextBytes;
  }

  append(chunk: Buffer): void {
    this.collect(this.encryptor.update(chunk));
    if (this.batchBytes >= BATCH_BYTES) this.flush();
  }

  /** Ends the part: resolves when it is durable. The rest of the ciphertext is on its way when this returns. */
  async seal(): Promise<SealedPart> {
    this.collect(this.encryptor.final());
    this.flush();
    const { size: sealedSize } = await this.options.writer.commit();
    return { key: this.key, offset: this.options.offset, size: this.size, sealedSize };
  }

  /**
   * Gives the part up and lets go of everything it holds. Does not reject: what failed before is what matters, and
   * bytes that cannot be removed now have a row by which the sweeper finds them.
   */
  async abort(): Promise<void> {
    this.encryptor.dispose();
    this.letGo(this.batch, this.batchBytes);
    this.batch = [];
    this.batchBytes = 0;
    await this.options.writer.abort().catch(() => undefined);
  }

  /** Hands what was gathered to the store, instead of waiting until it is worth a write. */
  flush(): void {
    const { batch, batchBytes } = this;
    if (batchBytes === 0) return;
    this.batch = [];
    this.batchBytes = 0;
    this.options.writer
      .write(batch)
      .catch(this.options.onError)
      .finally(() => this.letGo(batch, batchBytes));
  }

  private letGo(batch: Buffer[], bytes: number): void {
    for (const buffer of batch) this.options.memory.give(buffer);
    this.options.onHeld(-bytes);
  }

  private collect(buffers: Buffer[]): void {
    let bytes = 0;
    for (const buffer of buffers) bytes += buffer.length;
    this.batch.push(...buffers);
    this.batchBytes += bytes;
    this.options.onHeld(bytes);
  }
}
