import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { integrityFailure } from './integrity-failure';
import { wipe } from './wipe';

/** Bytes of a data encryption key (DEK) and of a key encryption key (KEK). */
export const KEY_BYTES = 32;

const FORMAT_1 = 0x01;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Bytes of a wrapped DEK: format byte, nonce, key, tag. */
export const WRAPPED_DEK_BYTES = 1 + NONCE_BYTES + KEY_BYTES + TAG_BYTES;

/** What a wrapped DEK belongs to. It opens only for the very same thing. */
export interface DekContext {
  purpose: 'file' | 'staging' | 'webhook';
  /** The id of the file, upload or webhook. */
  id: string;
  /** The version of the object; 1 where there are no versions. */
  version: number;
}

/** A fresh random DEK. Its owner wipes it after use. */
export function generateDek(): Buffer {
  return randomBytes(KEY_BYTES);
}

/**
 * Encrypts a DEK under a KEK: `0x01 | nonce[12] | AES-256-GCM(dek) | tag[16]`, bound to its context and to the KEK's id.
 *
 * Nonces are random, so one KEK should wrap fewer than 2^32 DEKs (NIST SP 800-38D, 8.3): rotate it before.
 */
export function wrapDek(kek: Uint8Array, kekId: string, dek: Uint8Array, context: DekContext): Buffer {
  assertKey(kek);
  assertKey(dek);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', kek, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(kekId, context));
  const sealed = cipher.update(dek);
  cipher.final();
  return Buffer.concat([Buffer.of(FORMAT_1), nonce, sealed, cipher.getAuthTag()], WRAPPED_DEK_BYTES);
}

/**
 * The inverse of {@link wrapDek}. The caller wipes the DEK after use.
 *
 * @throws AppError `INTEGRITY_FAILURE` for another KEK, KEK id or context, and for any changed byte.
 */
export function unwrapDek(kek: Uint8Array, kekId: string, wrapped: Uint8Array, context: DekContext): Buffer {
  assertKey(kek);
  if (wrapped.length !== WRAPPED_DEK_BYTES || wrapped[0] !== FORMAT_1) throw integrityFailure();
  const nonce = wrapped.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', kek, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(associatedData(kekId, context));
  decipher.setAuthTag(wrapped.subarray(-TAG_BYTES));
  const dek = decipher.update(wrapped.subarray(1 + NONCE_BYTES, -TAG_BYTES));
  try {
    decipher.final();
  } catch (cause) {
    wipe(dek);
    throw integrityFailure(cause);
  }
  return dek;
}

/** Every field behind its length, so that no two contexts can spell the same bytes. */
function associatedData(kekId: string, { purpose, id, version }: DekContext): Buffer {
  if (!Number.isSafeInteger(version) || version < 0) throw new RangeError('A version is a whole number.');
  const fields = ['waybill:dek:v1', purpose, id, String(version), kekId];
  return Buffer.concat(
    fields.flatMap((field) => {
      const bytes = Buffer.from(field, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

function assertKey(key: Uint8Array): void {
  if (key.length !== KEY_BYTES) throw new RangeError(`A key has ${KEY_BYTES} bytes.`);
}
