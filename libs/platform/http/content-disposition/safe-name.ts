/** The longest name that common file systems take, in bytes of UTF-8. */
export const MAX_NAME_BYTES = 255;

/** Longer "extensions" are text after a full stop. */
const MAX_EXTENSION_BYTES = 32;

const FALLBACK_NAME = 'download';

/**
 * What must not be in a name that a person sees or a program saves: controls and line ends; marks that turn the
 * direction of writing, so that `exe.docx` reads `xcod.exe` (U+061C, U+200E-200F, U+202A-202E, U+2066-2069); invisible
 * formatting that is deprecated or belongs to no name.
 */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb]/gu;

/** Separators of paths (`:` on classic Mac OS, and of streams on NTFS), and the look-alikes that are mapped to them. */
const SEPARATOR = /[/\\:\u2044\u2215\u2216\u29f5\u29f8\u29f9\ufe55\ufe68\uff0f\uff1a\uff3c]/gu;

/** Names of devices on Windows, with any extension. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)/i;

/**
 * Makes of any string a name that is safe to save in a folder, on any system: no path, no device, not hidden, no
 * deception, never empty, at most 255 bytes of UTF-8. Harmless names come out as they went in.
 */
export function safeName(name: string): string {
  const visible = name
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(UNSEEN, '')
    .replace(SEPARATOR, '_');
  const short = shorten(trimDotsAndBlanks(visible) || FALLBACK_NAME);
  return DEVICE.test(short) ? shorten(`_${short}`) : short;
}

/** By hand: an expression for "blanks at the end" takes quadratic time on blanks in the middle. */
function trimDotsAndBlanks(name: string): string {
  let start = 0;
  let end = name.length;
  while (start < end && isDotOrBlank(name[start]!)) start++;
  while (end > start && isDotOrBlank(name[end - 1]!)) end--;
  return name.slice(start, end);
}

function isDotOrBlank(character: string): boolean {
  return character === '.' || /\s/.test(character);
}

/** Cuts the stem, between characters, so that what the file is remains to be seen. */
function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  const dot = name.lastIndexOf('.');
  const tail = dot > 0 ? name.slice(dot) : '';
  const extension = Buffer.byteLength(tail) <= MAX_EXTENSION_BYTES ? tail : '';

  let room = MAX_NAME_BYTES - Buffer.byteLength(extension);
  let stem = '';
  for (const character of name) {
    room -= Buffer.byteLength(character);
    if (room < 0) break;
    stem += character;
  }
  return trimDotsAndBlanks(stem) + extension;
}
