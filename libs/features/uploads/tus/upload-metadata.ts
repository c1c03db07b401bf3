import { AppError } from '@waybill/core/kernel';
import { decodeBase64 } from './base64';

/** Visible ASCII without the comma (tus 1.0.0, "Upload-Metadata"). */
const KEY = /^[!-+\--~]+$/;
const LONGEST_KEY_NAMED = 100;

/**
 * Reads `Upload-Metadata` (tus 1.0.0, "Creation"): pairs of a key and a value in Base64, separated by commas, each key
 * once; a key may come without a value. An absent or empty header has no pairs. Values must be UTF-8.
 *
 * @throws AppError VALIDATION_FAILED naming the header or the key.
 */
export function readMetadata(header: string | undefined): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  if (header === undefined || header === '') return pairs;
  for (const pair of header.split(',')) {
    const [key, encoded = '', ...rest] = pair.trim().split(' ');
    if (!key || !KEY.test(key) || rest.length > 0)
      throw invalid('Upload-Metadata', 'must be pairs of a key and a value in Base64, separated by commas');
    const name = key.slice(0, LONGEST_KEY_NAMED);
    if (pairs.has(key)) throw invalid(name, 'must be there once');
    pairs.set(key, textOf(name, encoded));
  }
  return pairs;
}

function textOf(key: string, encoded: string): string {
  const bytes = decodeBase64(encoded);
  if (bytes === null) throw invalid(key, 'must be in Base64');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid(key, 'must be UTF-8');
  }
}

function invalid(pointer: string, detail: string): AppError {
  return new AppError('VALIDATION_FAILED', 'The upload metadata is not valid.', {
    errors: [{ pointer, detail }],
  });
}
