import { invalidField } from './refusals';

/** What file systems hold; a name that fits can be given back to any of them. */
const NAME_MAX_BYTES = 255;
/** With the directories that some clients send along (PATH_MAX). */
const PATH_MAX_BYTES = 4096;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * The name under which an uploaded file is known: the given one without its directories (`C:\x\y.docx` and `../y.docx`
 * are `y.docx`; RFC 7578 section 4.2 asks not to trust them), and otherwise as it is. Quotes, controls, bidirectional
 * marks and reserved names harm nobody where they rest; whoever writes them into a header, a mail or a file system
 * makes them safe for that place.
 *
 * Idempotent. Throws `VALIDATION_FAILED` for a name that is empty, longer than 255 bytes of UTF-8, or that has a NUL
 * or a lone surrogate, which neither PostgreSQL nor UTF-8 can hold.
 */
export function storedFileName(given: string): string {
  if (Buffer.byteLength(given) > PATH_MAX_BYTES) throw invalidField('filename', 'is too long');
  checkText('filename', given);
  const name = given.slice(Math.max(given.lastIndexOf('/'), given.lastIndexOf('\\')) + 1);
  if (name === '') throw invalidField('filename', 'must not be empty');
  if (Buffer.byteLength(name) > NAME_MAX_BYTES) {
    throw invalidField('filename', `must not be longer than ${NAME_MAX_BYTES} bytes of UTF-8`);
  }
  return name;
}

/** What follows the last dot, in lower case; empty where there is no dot, or nothing after it. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot === -1 ? '' : name.slice(dot + 1).toLowerCase();
}

export function checkText(field: string, value: string): void {
  if (value.includes('\0')) throw invalidField(field, 'must not contain NUL');
  if (LONE_SURROGATE.test(value)) throw invalidField(field, 'must be well-formed Unicode');
}
