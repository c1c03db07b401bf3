const MIN_DISTINCT_CHARACTERS = 8;
const MIN_DISTINCT_KEY_BYTES = 16;

/** Words that examples are made of. Long ones are sought anywhere, short ones only where they stand alone. */
const SAMPLE =
  /change[-_ ]?(?:me|this|it)|replace[-_ ]?(?:me|this|with)|insert[-_ ]here|secret|example|password|placeholder|(?:^|[^a-z0-9])(?:your|test|testing|todo|demo|dummy|sample|default|insecure|xxxx+|development)(?:[^a-z0-9]|$)/i;

/**
 * Why a secret must not protect production, in words that can follow its name (`JWT_SECRET is too short …`), or null.
 * It cannot prove strength; it catches what people really leave in settings: nothing, samples, runs, repetitions.
 *
 * @param minBytes the least length in bytes of UTF-8.
 */
export function weakSecretReason(value: string, minBytes = 32): string | null {
  if (value.trim() === '') return 'is empty';
  if (/[\s\p{Cc}]/u.test(value)) return 'contains whitespace or control characters';
  if (SAMPLE.test(value)) return 'looks like a sample value';
  if (Buffer.byteLength(value, 'utf8') < minBytes) return `is too short (at least ${minBytes} bytes)`;
  const codes = Array.from(value, (character) => character.codePointAt(0)!);
  if (new Set(codes).size < MIN_DISTINCT_CHARACTERS) return 'has too little variety';
  if (isRepetition(codes)) return 'repeats itself';
  if (isRun(codes)) return 'is a run of neighbouring characters';
  return null;
}

/** The same question about the raw bytes of a key. */
export function weakKeyReason(key: Uint8Array): string | null {
  const bytes = Array.from(key);
  if (new Set(bytes).size < MIN_DISTINCT_KEY_BYTES) return 'has too little variety';
  if (isRepetition(bytes)) return 'repeats itself';
  if (isRun(bytes)) return 'is a run of neighbouring bytes';
  return null;
}

/** Whether the whole is one unit, of at most half its length, over and over (the last time perhaps cut). */
function isRepetition(values: number[]): boolean {
  for (let unit = 1; unit <= values.length / 2; unit++) {
    if (values.every((value, at) => at < unit || value === values[at - unit])) return true;
  }
  return false;
}

/** Whether three of four steps go to the same or a neighbouring value. */
function isRun(values: number[]): boolean {
  const small = values.filter((value, at) => at > 0 && Math.abs(value - values[at - 1]!) <= 1).length;
  return small >= (values.length - 1) * 0.75;
}
