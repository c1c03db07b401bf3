import { malformed } from './errors';

// A byte order mark is part of what was sent: names and values are kept as they are.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes UTF-8, the only charset of forms today; `MALFORMED_BODY` where the bytes are anything else. */
export function decodeUtf8(bytes: Uint8Array, what: string, pointer?: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw malformed(`${what} is not valid UTF-8.`, cause, pointer);
  }
}
