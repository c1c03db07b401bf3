import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { KEY_BYTES } from './dek';
import { integrityFailure } from './integrity-failure';

const FORMAT_1 = 0x01;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** How much longer a box is than what is in it: format byte, nonce, tag. */
export const BOX_OVERHEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/**
 * Encrypts a short value that rests in a row: `0x01 | nonce[12] | AES-256-GCM(value) | tag[16]`. `context` says what the
 * value belongs to, so that a box that was moved to another row does not open.
 *
 * Nonces are random, so one key should seal fewer than 2^32 boxes (NIST SP 800-38D, 8.3).
 */
export function sealBox(key: Uint8Array, value: Uint8Array, context: string): Buffer {
  assertKey(key);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(context, 'utf8'));
  const sealed = cipher.update(value);
  cipher.final();
  return Buffer.concat([Buffer.of(FORMAT_1), nonce, sealed, cipher.getAuthTag()]);
}

/**
 * The inverse of {@link sealBox}.
 *
 * @throws AppError `INTEGRITY_FAILURE` for another key or context, and for any changed byte.
 */
export function openBox(key: Uint8Array, box: Uint8Array, context: string): Buffer {
  assertKey(key);
  if (box.length < BOX_OVERHEAD_BYTES || box[0] !== FORMAT_1) throw integrityFailure();
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(1, 1 + NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(context, 'utf8'));
  decipher.setAuthTag(box.subarray(-TAG_BYTES));
  const value = decipher.update(box.subarray(1 + NONCE_BYTES, -TAG_BYTES));
  try {
    decipher.final();
  } catch (cause) {
    throw integrityFailure(cause);
  }
  return value;
}

function assertKey(key: Uint8Array): void {
  if (key.length !== KEY_BYTES) throw new RangeError(`A key has ${KEY_BYTES} bytes.`);
}
