import type { DekContext } from '@waybill/core/crypto';
import { isAppError } from '@waybill/core/kernel';
import type { Keyring, WrappedDek } from '@waybill/platform/keyring';
import type { Flaw } from './sealed-object';

/** Opens a wrapped key, or tells why it does not open. The caller wipes it after use. */
export async function openKey(
  keyring: Keyring,
  wrapped: WrappedDek,
  context: DekContext,
): Promise<{ dek: Buffer } | { flaw: Flaw }> {
  try {
    return { dek: await keyring.unwrap(wrapped, context) };
  } catch (error) {
    if (isAppError(error, 'KEY_UNAVAILABLE')) {
      return {
        flaw: { code: 'KEY_UNAVAILABLE', detail: `the KEK "${wrapped.kekId}" is not in the keyring` },
      };
    }
    // A version that is none cannot have been what the key was bound to.
    if (isAppError(error, 'INTEGRITY_FAILURE') || error instanceof RangeError) {
      return {
        flaw: { code: 'KEY_DAMAGED', detail: `the wrapped key does not open under "${wrapped.kekId}"` },
      };
    }
    throw error;
  }
}
