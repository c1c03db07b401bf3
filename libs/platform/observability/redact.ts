import { describeError } from './describe-error';

const SECRET_NAME =
  /authorization|cookie|passw|passphrase|secret|token|ticket|credential|api[-_]?key|private[-_]?key|^(dek|kek|key)$/i;
const BEARER = /\b(Bearer|Basic)\s+[^\s"',]+/gi;
const REDACTED = '[redacted]';
const DEEPEST = 6;
const LONGEST_LIST = 50;
const LONGEST_TEXT = 4096;

/**
 * A value as it may be logged: what is named like a secret is replaced, whatever it holds; credentials inside texts
 * too. Depth, lists and texts are bounded, so that a log entry cannot outgrow what caused it.
 */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return describeError(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= DEEPEST) return '[deep]';
  if (Array.isArray(value)) return value.slice(0, LONGEST_LIST).map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      SECRET_NAME.test(name) && inner != null ? REDACTED : redact(inner, depth + 1),
    ]),
  );
}

/** A text as it may be logged. */
export function redactText(text: string): string {
  const short = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
  return short.replace(BEARER, `$1 ${REDACTED}`);
}
