import { randomBytes, type CipherGCM } from 'node:crypto';
import { releaseMemory } from '@waybill/core/kernel';
import { freshBlocks, type BlockMemory } from './block-pool';
import { AES256_GCM_HKDF_1MB, NONCE_PREFIX_BYTES, type SegmentFormat } from './segment-format';
import { SealedBlocks } from './sealed-blocks';
import { SegmentKey } from './segment-key';
import { sealedSize, segmentCount } from './segment-layout';

/** Node allocates each result of a cipher anew: as much as is copied while it is still in the processor's cache. */
const PIECE_BYTES = 64 * 1024;
/** Divides the segments of every format that is in use: a full block then never ends in the next segment. */
const BLOCK_BYTES = 64 * 1024;

export interface SegmentEncryptorOptions {
  /** The data encryption key, at least as long as the derived key. Read here and not kept. */
  key: Uint8Array;
  /** What the ciphertext is bound to (see `fileAad`, `stagingAad`); the reader must give the same bytes. */
  aad: Uint8Array;
  format?: SegmentFormat;
  /** The exact plaintext size, where it is known beforehand: then no segment waits for its end. */
  plaintextBytes?: number;
  /** Where the ciphertext lies; whoever gives it gives the returned buffers back to it. By default it is fresh each time. */
  memory?: BlockMemory;
  /** For test vectors only. With one key, a salt and prefix must never serve twice; by default both are random. */
  salt?: Uint8Array;
  /** For test vectors only, like `salt`. */
  noncePrefix?: Uint8Array;
}

/**
 * Encrypts a byte sequence of any length, pushed in chunks of any size, and hands back the ciphertext as it comes into
 * being, in full blocks (the last one excepted): canonical, so without an empty segment but that of an empty plaintext.
 * A chunk is encrypted when it comes, and may be reused at once.
 *
 * The nonce of a segment says whether it is the last one. Without `plaintextBytes` that is not known before a byte
 * follows or `final()` is called, so a segment waits inside, encrypted as one that is not the last. Should it be, it is
 * decrypted and encrypted anew under the right nonce; what was there before has never left this object.
 */
export class SegmentEncryptor {
  readonly #format: SegmentFormat;
  readonly #key: SegmentKey;
  readonly #expectedBytes: number | undefined;
  readonly #lastIndex: number | undefined;
  readonly #blocks: SealedBlocks;
  #cipher: CipherGCM | null = null;
  #index = 0;
  /** Plaintext bytes that the open segment can still take, and has taken. */
  #room: number;
  #filled = 0;
  /** Where its ciphertext begins in what the blocks hold. */
  #segmentAt: number;
  #plaintextBytes = 0;
  #sealedBytes = 0;
  #closed = false;

  constructor(options: SegmentEncryptorOptions) {
    const format = options.format ?? AES256_GCM_HKDF_1MB;
    const salt = options.salt ?? randomBytes(format.derivedKeySize);
    const noncePrefix = options.noncePrefix ?? randomBytes(NONCE_PREFIX_BYTES);
    this.#format = format;
    this.#blocks = new SealedBlocks(options.memory ?? freshBlocks(BLOCK_BYTES));
    this.#key = new SegmentKey({ dek: options.key, aad: options.aad, salt, noncePrefix, format });
    this.#blocks.push(Buffer.concat([Buffer.of(format.headerBytes), salt, noncePrefix]));
    this.#segmentAt = format.headerBytes;
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

  /** Plaintext bytes of the segment that waits for its end. */
  get pendingBytes(): number {
    return this.#lastIndex === undefined ? this.#filled : 0;
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
    const out: Buffer[] = [];
    for (let rest = chunk; rest.length > 0;) {
      if (this.#room === 0) this.#beginSegment(out);
      const piece = rest.subarray(0, Math.min(this.#room, PIECE_BYTES));
      rest = rest.subarray(piece.length);
      this.#room -= piece.length;
      this.#filled += piece.length;
      this.#cipher ??= this.#key.cipher(this.#index, this.#index === this.#lastIndex);
      const sealed = this.#cipher.update(piece);
      this.#blocks.push(sealed);
      releaseMemory(sealed);
    }
    if (this.#lastIndex !== undefined) out.push(...this.#blocks.takeFull());
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
    this.#closeSegment(this.#lastIndex === undefined ? this.#asLast() : this.#cipher);
    const out = this.#blocks.takeAll();
    this.dispose();
    return this.#counted(out);
  }

  /** Forgets the key and what waits, for a sequence that will not be ended. Repeating it does nothing. */
  dispose(): void {
    this.#closed = true;
    this.#cipher = null;
    this.#filled = 0;
    this.#blocks.dispose();
    this.#key.dispose();
  }

  /** A byte follows the segment that is open, which so is not the last. */
  #beginSegment(out: Buffer[]): void {
    this.#closeSegment(this.#cipher);
    out.push(...this.#blocks.takeFull());
    this.#index += 1;
    this.#room = this.#format.capacity;
    this.#filled = 0;
    this.#segmentAt = this.#blocks.bytes;
  }

  /** Encrypts the open segment anew, as the last; answers the cipher that knows its tag. */
  #asLast(): CipherGCM {
    const cipher = this.#key.cipher(this.#index, true);
    // Its tag is of no interest: these bytes have never been elsewhere.
    const decipher = this.#key.decipher(this.#index, false);
    for (const piece of this.#blocks.from(this.#segmentAt)) piece.set(cipher.update(decipher.update(piece)));
    return cipher;
  }

  #closeSegment(cipher: CipherGCM | null): void {
    const closing = cipher ?? this.#key.cipher(this.#index, true); // Nothing came: the one segment of an empty plaintext.
    closing.final();
    this.#blocks.push(closing.getAuthTag());
    this.#cipher = null;
  }

  #counted(out: Buffer[]): Buffer[] {
    for (const buffer of out) this.#sealedBytes += buffer.length;
    return out;
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error('The encryptor was ended.');
  }
}
