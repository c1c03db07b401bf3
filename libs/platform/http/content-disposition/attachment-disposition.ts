import { safeName } from './safe-name';

/**
 * The Content-Disposition under which bytes are handed out (RFC 6266): always an attachment, with the name twice, as
 * `filename*` in UTF-8 (RFC 8187) and as an ASCII `filename` for what does not know that. Whatever the name is, the
 * result is one line of printable ASCII with exactly these two parameters.
 */
export function attachmentDisposition(fileName: string): string {
  const name = safeName(fileName);
  return `attachment; filename="${asciiName(name)}"; filename*=UTF-8''${extendedValue(name)}`;
}

/**
 * Letters lose their accents, and whatever is left beyond a small set becomes `_`. Not in the set: quotes and
 * backslashes, which readers unescape differently; `%`, which some of them decode (RFC 6266, appendix D); `;` and `=`,
 * at which careless ones split; what Windows refuses.
 */
function asciiName(name: string): string {
  const ascii = name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9 !#$&'()+,\-.@[\]^_`{}~]+/g, '_');
  // Without its accents a name may have become one of those that are not safe.
  return safeName(ascii);
}

/** RFC 8187, section 3.2.1: `attr-char` as it is, all else as percent-encoded UTF-8. */
function extendedValue(name: string): string {
  return encodeURIComponent(name).replace(
    /[*'()]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
