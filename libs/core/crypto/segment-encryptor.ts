import { randomBytes, type CipherGCM } from 'node:crypto';
import { freshBlocks, type BlockMemory } from './block-pool';
import { PendingSegment } from './pending-segment';
import { AES256_GCM_HKDF_1MB, NONCE_PREFIX_BYTES, type SegmentFormat } from './segment-format';
import { SegmentKey } from './segment-key';
import { sealedSize, segmentCount } from './segment-layout';

// Node allocates each result afresh; bigger ones come page by page from the kernel and cost more than the cipher.
const SUB_UPDATE_BYTES = 128 * 1024;
/** What is encrypted in place is copied at once, and then best still in the processor's cache. */
const BLOCK_BYTES = 64 * 1024;

export interface SegmentEncryptorOptions {
  /** The data encryption key, at least as long as the derived key. Read here and not kept. */
  key: Uint8Array;
  /** What the ciphertext is bound to (see `fileAad`, `stagingAad`); the reader must give the same bytes. */
  aad: Uint8Array;
  format?: SegmentFormat;
  /** The exact plaintext size, where it is known beforehand: then nothing waits inside. */
  plaintextBytes?: number;
  /** For what waits inside; whoever gives it gives the returned buffers back to it. By default it is fresh each time. */
  memory?: BlockMemory;
  /** For test vectors only. With one key, a salt and prefix must never serve twice; by default both are random. */
  salt?: Uint8Array;
  /** For test vectors only, like `salt`. */
  noncePrefix?: Uint8Array;
}

/**
 * Encrypts a byte sequence of any length, pushed in chunks of any size, and hands back the ciphertext as it comes into
 * being: header first, cut at segment bounds, canonical (no empty segment but that of an empty plaintext).
 *
 * The nonce of a segment says whether it is the last one, so a segment cannot be begun before that is known. Without
 * `plaintextBytes` at most one segment of plaintext waits inside, copied, until a byte follows it or `final()` is
 * called; its ciphertext then takes the same memory. With `plaintextBytes` every chunk is encrypted when it comes. In
 * both cases it may be reused at once.
 */
export class SegmentEncryptor {
  readonly #format: SegmentFormat;
  readonly #key: SegmentKey;
  readonly #expectedBytes: number | undefined;
  readonly #lastIndex: number | undefined;
  readonly #pending: PendingSegment;
  #header: Buffer | null;
  #cipher: CipherGCM | null = null;
  #index = 0;
  #room: number;
  #plaintextBytes = 0;
  #sealedBytes = 0;
  #closed = false;

  constructor(options: SegmentEncryptorOptions) {
    const format = options.format ?? AES256_GCM_HKDF_1MB;
    const salt = options.salt ?? randomBytes(format.derivedKeySize);
    const noncePrefix = options.noncePrefix ?? randomBytes(NONCE_PREFIX_BYTES);
    this.#format = format;
    this.#pending = new PendingSegment(options.memory ?? freshBlocks(BLOCK_BYTES));
    this.#key = new SegmentKey({ dek: options.key, aad: options.aad, salt, noncePrefix, format });
    this.#header = Buffer.concat([Buffer.of(format.headerBytes), salt, noncePrefix]);
    this.#room = format.firstCapacity;
    this.#expectedBytes = options.plaintextBytes;
    if (options.plaintextBytes !== undefined) {
      this.#lastIndex = segmentCount(sealedSize(options.plaintextBytes, format), format) - 1;
    }
  }

  /** Plaintext bytes taken in so far. */
  get plaintextBytes(): number {
    return this.#plaintextBytes;
  }

  /** Ciphertext bytes handed back so far; after `final()`, the size of the whole. */
  get sealedBytes(): number {
    return this.#sealedBytes;
  }

  /** Plaintext bytes that were taken in and wait for their segment's fate: what this object holds in memory. */
  get pendingBytes(): number {
    return this.#pending.bytes;
  }

  /**
   * Takes the next bytes.
   *
   * @returns the ciphertext that can be written now, in order; often none.
   * @throws RangeError when there are more bytes than `plaintextBytes` promised.
   */
  update(chunk: Buffer): Buffer[] {
    this.#assertOpen();
    this.#plaintextBytes += chunk.length;
    if (this.#expectedBytes !== undefined && this.#plaintextBytes > this.#expectedBytes) {
      throw new RangeError('There is more plaintext than was announced.');
    }
    const out = this.#takeHeader();
    for (let rest = chunk; rest.length > 0;) {
      if (this.#room === 0) this.#closeSegment(false, out);
      const piece = rest.subarray(0, this.#room);
      rest = rest.subarray(piece.length);
      this.#room -= piece.length;
      if (this.#lastIndex === undefined) this.#pending.push(piece);
      else this.#encrypt(piece, this.#index === this.#lastIndex, out);
    }
    return this.#counted(out);
  }

  /**
   * Ends the sequence and forgets the key.
   *
   * @returns the rest of the ciphertext.
   * @throws RangeError when there were fewer bytes than `plaintextBytes` promised.
   */
  final(): Buffer[] {
    this.#assertOpen();
    if (this.#expectedBytes !== undefined && this.#plaintextBytes < this.#expectedBytes) {
      throw new RangeError('There is less plaintext than was announced.');
    }
    const out = this.#takeHeader();
    this.#closeSegment(true, out);
    this.dispose();
    return this.#counted(out);
  }

  /** Forgets the key and what waits, for a sequence that will not be ended. Repeating it does nothing. */
  dispose(): void {
    this.#closed = true;
    this.#cipher = null;
    this.#pending.dispose();
    this.#key.dispose();
  }

  #encrypt(piece: Buffer, last: boolean, out: Buffer[]): void {
    this.#cipher ??= this.#key.cipher(this.#index, last);
    for (let at = 0; at < piece.length; at += SUB_UPDATE_BYTES) {
      out.push(this.#cipher.update(piece.subarray(at, at + SUB_UPDATE_BYTES)));
    }
  }

  #closeSegment(last: boolean, out: Buffer[]): void {
    // What waits has not met a cipher yet; without anything waiting this is the tag alone.
    out.push(...this.#pending.encrypt(this.#cipher ?? this.#key.cipher(this.#index, last)));
    this.#cipher = null;
    this.#index += 1;
    this.#room = this.#format.capacity;
  }

  #takeHeader(): Buffer[] {
    const header = this.#header;
    this.#header = null;
    return header === null ? [] : [header];
  }

  #counted(out: Buffer[]): Buffer[] {
    for (const buffer of out) this.#sealedBytes += buffer.length;
    return out;
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error('The encryptor was ended.');
  }
}
