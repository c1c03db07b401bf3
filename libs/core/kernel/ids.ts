const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether a string has the form of a UUID (RFC 9562), of any version. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

/**
 * A time-ordered identifier, UUID version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, a 12-bit counter
 * that keeps ids of one process and millisecond in order, 62 random bits.
 *
 * Ids are names, not secrets: whoever may see a thing is decided by access rules, never by knowing its id.
 */
export function uuidv7(): string {
  const random = globalThis.crypto.getRandomValues(new Uint8Array(10));
  const now = Date.now();
  if (now > lastMillisecond) {
    lastMillisecond = now;
    counter = ((random[0]! << 8) | random[1]!) & 0x7ff;
  } else if (++counter > 0xfff) {
    lastMillisecond += 1;
    counter = 0;
  }
  const hex =
    lastMillisecond.toString(16).padStart(12, '0') +
    (0x7000 | counter).toString(16) +
    (0x80 | (random[2]! & 0x3f)).toString(16) +
    Array.from(random.subarray(3), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

let lastMillisecond = 0;
let counter = 0;
