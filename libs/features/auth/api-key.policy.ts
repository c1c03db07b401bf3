import { isCanonicalBase64url } from '@waybill/core/crypto';

/** So that secret scanners, people, and the bearer slot can tell what they are looking at. */
export const API_KEY_PREFIX = 'wb_';
export const API_KEY_BYTES = 32;

/** Whether a text has the form of an API key. */
export function hasApiKeyForm(text: string): boolean {
  return (
    text.startsWith(API_KEY_PREFIX) && isCanonicalBase64url(text.slice(API_KEY_PREFIX.length), API_KEY_BYTES)
  );
}
