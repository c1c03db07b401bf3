import { malformed, refused } from './errors';
import { parseParameterized } from './parameterized';
import { decodeUtf8 } from './text';

/** What the header block of one part says. `fileName` is null for a field. */
export interface PartHeaders {
  name: string;
  fileName: string | null;
  contentType: string | null;
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// Not even a tab in a value: no client sends one, and headers are where bodies are smuggled. CR and LF ended the line.
const CONTROL = /\p{Cc}/u;
const IDENTITY_ENCODINGS = new Set(['binary', '8bit', '7bit']);

/**
 * Parses the header block of one part, without its closing blank line (RFC 7578, section 4). Throws `MALFORMED_BODY`;
 * an empty name is `VALIDATION_FAILED`.
 */
export function parsePartHeaders(block: Uint8Array): PartHeaders {
  const headers = readLines(decodeUtf8(block, 'The header of a part'));

  const encoding = headers.get('content-transfer-encoding');
  if (encoding !== undefined && !IDENTITY_ENCODINGS.has(encoding.toLowerCase())) {
    throw malformed('A part has a Content-Transfer-Encoding; send it as it is.');
  }

  const disposition = headers.get('content-disposition');
  if (disposition === undefined) throw malformed('A part has no Content-Disposition.');
  const parsed = parseParameterized(disposition);
  if (parsed?.value !== 'form-data') throw malformed('The Content-Disposition of a part is malformed.');

  const name = parsed.parameters.get('name')?.value;
  if (name === undefined) throw malformed('A part has no name.');
  if (name === '') throw refused('', 'A part has an empty name.');

  const plain = parsed.parameters.get('filename');
  const extended = parsed.parameters.get('filename*');
  const fileName = extended ? decodeExtended(extended.value) : plain ? unescapePercent(plain.value) : null;

  const contentType = headers.get('content-type') || null;
  if (fileName === null && contentType !== null && /^multipart\//i.test(contentType)) {
    throw malformed('Multipart within multipart is not accepted; send one part for each file.');
  }
  return { name: unescapePercent(name), fileName, contentType };
}

function readLines(block: string): Map<string, string> {
  const headers = new Map<string, string>();
  if (block === '') return headers;
  for (const line of block.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    if (!NAME.test(name) || CONTROL.test(line)) throw malformed('A part has a malformed header line.');
    if (headers.has(name)) throw malformed('A part has the same header twice.');
    headers.set(name, line.slice(colon + 1).trim());
  }
  return headers;
}

/** What browsers escape in names, and no more: `"`, CR and LF (WHATWG HTML, multipart/form-data encoding). */
function unescapePercent(name: string): string {
  return name.replace(/%(22|0D|0A)/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

/**
 * `filename*` in the notation of RFC 8187. RFC 7578 (section 4.2) forbids to send it, but .NET's HttpClient always
 * does, and for names beyond ASCII the true one stands only here (its `filename` is an encoded word of RFC 2047). As
 * everywhere else (RFC 6266, section 4.3) it wins, so that a part has one name for every reader.
 */
function decodeExtended(value: string): string {
  const match = /^utf-8'[0-9A-Za-z-]*'((?:[!#$&+\-.^_`|~0-9A-Za-z]|%[0-9A-Fa-f]{2})*)$/i.exec(value);
  if (!match) throw malformed('The filename* of a part is not in UTF-8 as RFC 8187 writes it.');
  try {
    return decodeURIComponent(match[1]!);
  } catch (cause) {
    throw malformed('The filename* of a part is not valid UTF-8.', cause);
  }
}
