import type { FileKind } from './file-kind';
import { checkText, extensionOf, storedFileName } from './file-name';
import { fileKindOf } from './kinds';
import { invalidField, mismatch, tooLarge, unsupported } from './refusals';

/** What may be uploaded through one door. */
export interface TypePolicy {
  /** Without dots. Compared without case. */
  extensions: readonly string[];
  /** Of one file. */
  maxBytes: number;
}

/** What a client says of a file before its first byte. */
export interface Declaration {
  fileName: string;
  /** A media type with or without parameters; null, empty and `application/octet-stream` declare nothing. */
  declaredType: string | null;
  /** In bytes; null where the client does not know yet. */
  declaredSize: number | null;
}

const UNDECLARED = new Set(['', 'application/octet-stream']);
const MEDIA_TYPE_MAX = 255;

/**
 * Judges what is declared, before any byte is taken, and answers the kind that the content will be held against.
 *
 * The last extension alone decides, exactly as it is written but for case: `x.pdf.exe`, `x.docx.` and `x.docx ` are
 * none of ours. Throws `VALIDATION_FAILED` (a name or type that cannot be), `UNSUPPORTED_FILE_TYPE` (not in the policy,
 * or nothing we could check), `CONTENT_MISMATCH` (the declared type belongs to something else, or the file is empty
 * and its kind cannot be) or `FILE_TOO_LARGE`.
 */
export function checkDeclared(declaration: Declaration, policy: TypePolicy): FileKind {
  const extension = extensionOf(storedFileName(declaration.fileName));
  const mediaType = essence(declaration.declaredType ?? '');

  const allowed = policy.extensions.map((each) => each.toLowerCase());
  const kind = allowed.includes(extension) ? fileKindOf(extension) : undefined;
  if (!kind) throw unsupported(`Only files of these types are taken here: ${allowed.join(', ')}.`);

  if (!UNDECLARED.has(mediaType) && mediaType !== kind.mediaType && !kind.aliases.includes(mediaType)) {
    throw mismatch(`The declared media type is not that of a .${extension} file.`);
  }
  checkSize(kind, declaration.declaredSize, policy.maxBytes);
  return kind;
}

function checkSize(kind: FileKind, size: number | null, maxBytes: number): void {
  if (size === null) return;
  if (size > maxBytes) throw tooLarge(`The file is larger than the ${maxBytes} bytes allowed here.`);
  if (size === 0 && !kind.mayBeEmpty) throw mismatch(`A .${kind.extension} file cannot be empty.`);
}

/** Type and subtype without parameters, in lower case (RFC 9110 section 8.3.1). */
function essence(mediaType: string): string {
  checkText('filetype', mediaType);
  if (mediaType.length > MEDIA_TYPE_MAX) throw invalidField('filetype', 'is too long');
  return mediaType.split(';', 1)[0]!.trim().toLowerCase();
}
