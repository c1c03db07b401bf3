import type { FileKind } from '../file-kind';
import { IMAGE_KINDS } from './images';
import { ISO_MEDIA_KINDS } from './iso-media';
import { MATROSKA_KINDS } from './matroska';
import { OFFICE_OPEN_XML_KINDS } from './office-open-xml';
import { OPEN_DOCUMENT_KINDS } from './open-document';
import { PDF_KINDS } from './pdf';
import { TEXT_KINDS } from './text';
import { ZIP_KINDS } from './zip';

/** Every kind that Waybill can check. A new family is a file beside this one and a line here. */
const KINDS: ReadonlyMap<string, FileKind> = new Map(
  [
    ...OFFICE_OPEN_XML_KINDS,
    ...OPEN_DOCUMENT_KINDS,
    ...PDF_KINDS,
    ...TEXT_KINDS,
    ...ZIP_KINDS,
    ...IMAGE_KINDS,
    ...ISO_MEDIA_KINDS,
    ...MATROSKA_KINDS,
  ].map((kind) => [kind.extension, kind]),
);

/** What a policy may be made of; a policy that names anything else could only refuse it. */
export const KNOWN_EXTENSIONS: readonly string[] = [...KINDS.keys()];

/** The kind of an extension, without dot and in either case, as it was recorded with an upload. */
export function fileKindOf(extension: string): FileKind | undefined {
  return KINDS.get(extension.toLowerCase());
}
