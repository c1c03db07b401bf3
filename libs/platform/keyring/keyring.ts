import { wipe, type DekContext } from '@waybill/core/crypto';

/** A DEK as it may rest in the database: its ciphertext, and the id of the KEK that opens it. */
export interface WrappedDek {
  kekId: string;
  wrapped: Buffer;
}

/**
 * Who holds the key encryption keys. KEKs never leave it: DEKs are handed in and out, so that a KMS can stand behind it
 * as well as a file. An abstract class, so that Nest can inject by it.
 */
export abstract class Keyring {
  /**
   * The id of the KEK that wraps from now on; a DEK under any other waits for rotation.
   *
   * @throws AppError `KEY_UNAVAILABLE` when the keys cannot be reached.
   */
  abstract primaryId(): Promise<string>;

  /**
   * Wraps a DEK under the primary KEK, bound to what it belongs to.
   *
   * @throws AppError `KEY_UNAVAILABLE`.
   */
  abstract wrap(dek: Uint8Array, context: DekContext): Promise<WrappedDek>;

  /**
   * Opens a wrapped DEK. The caller wipes it after use.
   *
   * @throws AppError `KEY_UNAVAILABLE` for a KEK that the keyring does not have (any more, or yet), `INTEGRITY_FAILURE`
   * when the KEK is there and what was wrapped, or its context, is another.
   */
  abstract unwrap(wrapped: WrappedDek, context: DekContext): Promise<Buffer>;

  /** The same DEK under the primary KEK: one step of a rotation. Throws like {@link unwrap}. */
  async rewrap(wrapped: WrappedDek, context: DekContext): Promise<WrappedDek> {
    const dek = await this.unwrap(wrapped, context);
    try {
      return await this.wrap(dek, context);
    } finally {
      wipe(dek);
    }
  }
}
