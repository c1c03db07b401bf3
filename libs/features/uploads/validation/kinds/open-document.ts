import type { ContentCheck, FileKind } from '../file-kind';
import { mismatch } from '../refusals';
import { xmlTags } from '../xml-tags';
import { ZipArchive } from '../zip/archive';
import { METHOD } from '../zip/signatures';

/** OpenDocument 1.3 part 2, section 2: ZIP with these two methods; names differ by case. */
const PACKAGE_RULES = {
  methods: [METHOD.stored, METHOD.deflated],
  caseless: false,
  comment: false,
  otherNames: false,
  nested: true,
};

/** Modules and dialogs of Basic libraries, and scripts of other languages. The bare index of a library is harmless. */
const MACRO_PART = /^(Basic\/[^/]+\/(?!script-lb\.xml$|dialog-lb\.xml$)[^/]+|Scripts\/.*[^/])$/;

/** A package that names its type first, stored, and again in its manifest (sections 3.2, 3.3), without macros. */
function checkPackage(mediaType: string): ContentCheck {
  return async (reader, limits) => {
    const archive = await ZipArchive.open(reader, limits, PACKAGE_RULES);
    const first = archive.find('mimetype');
    if (first?.headerOffset !== 0 || first.method !== METHOD.stored || !archive.find('content.xml')) {
      throw mismatch('The file is a ZIP archive, but not an OpenDocument file.');
    }
    const named = (await archive.read(first)).toString('latin1').trim();
    if (named !== mediaType || (await manifestType(archive)) !== mediaType) {
      throw mismatch('The document is of another type than its name says, or it is a template.');
    }
    if (archive.entries.some((entry) => MACRO_PART.test(entry.name))) {
      throw mismatch('The document carries macros, which its name does not say.');
    }
  };
}

/** What the manifest says of the whole package. An encrypted part is seen here alone: to ZIP it is merely stored. */
async function manifestType(archive: ZipArchive): Promise<string | undefined> {
  const entry = archive.find('META-INF/manifest.xml');
  if (!entry) return undefined;
  let type: string | undefined;
  for (const { name, attributes } of xmlTags(await archive.read(entry))) {
    if (name === 'encryption-data')
      throw mismatch('The document is encrypted, so its content cannot be checked.');
    if (name === 'file-entry' && attributes.get('manifest:full-path') === '/')
      type = attributes.get('manifest:media-type');
  }
  return type;
}

function openDocumentKind(extension: string, family: string): FileKind {
  const mediaType = `application/vnd.oasis.opendocument.${family}`;
  return { extension, mediaType, aliases: [], mayBeEmpty: false, check: checkPackage(mediaType) };
}

export const OPEN_DOCUMENT_KINDS: readonly FileKind[] = [
  openDocumentKind('odt', 'text'),
  openDocumentKind('ods', 'spreadsheet'),
  openDocumentKind('odp', 'presentation'),
];
