import type { ContentReader } from '../content-reader';
import type { ContentCheck, FileKind } from '../file-kind';
import type { ContentLimits } from '../limits';
import { mismatch } from '../refusals';
import { xmlTags } from '../xml-tags';
import { ZipArchive } from '../zip/archive';
import { METHOD } from '../zip/signatures';

/** ECMA-376 part 2 (Open Packaging Conventions), annex C: only these two methods, and names equal without case. */
const PACKAGE_RULES = {
  methods: [METHOD.stored, METHOD.deflated],
  caseless: true,
  comment: false,
  otherNames: false,
  nested: true,
};

const OFFICE_DOCUMENT_RELATIONSHIPS = new Set([
  'http://schemas.openxmlformats.org/officedocument/2006/relationships/officedocument',
  'http://purl.oclc.org/ooxml/officedocument/relationships/officedocument',
]);

/**
 * Content types that carry or announce macros: VBA projects and their data and signatures, macro-enabled documents
 * (also as embedded ones), and the macro sheets of Excel 4, which are no VBA at all.
 */
const MACRO_TYPE = /vba|macro/;
/** Under whatever content type: some readers go by the name. */
const MACRO_PART = /(^|\/)vba[^/]*\.(bin|xml)$/i;

/**
 * A package of Office Open XML is what the content type of its main part says. The main part is found as an office
 * finds it: by the package's relationship to it.
 */
function checkPackage(mainType: string): ContentCheck {
  return async (reader: ContentReader, limits: ContentLimits) => {
    const archive = await ZipArchive.open(reader, limits, PACKAGE_RULES);
    if (archive.entries.some((entry) => MACRO_PART.test(entry.name))) throw carriesMacros();
    const types = await readContentTypes(archive);
    if (types.all.some((type) => MACRO_TYPE.test(type))) throw carriesMacros();

    const main = await findMainPart(archive);
    if (types.of(main) !== mainType) {
      throw mismatch('The document is of another type than its name says, or it is a template.');
    }
  };
}

interface ContentTypes {
  all: string[];
  /** The content type of a part, given its name without a leading slash, in lower case. */
  of(part: string): string | undefined;
}

async function readContentTypes(archive: ZipArchive): Promise<ContentTypes> {
  const defaults = new Map<string, string>();
  const overrides = new Map<string, string>();
  for (const { name, attributes } of xmlTags(await readPart(archive, '[Content_Types].xml'))) {
    const type = attributes.get('ContentType')?.trim().toLowerCase();
    const extension = attributes.get('Extension')?.toLowerCase();
    const part = attributes.get('PartName');
    if (name === 'Default' && type && extension) setOnce(defaults, extension, type);
    if (name === 'Override' && type && part) setOnce(overrides, partKey(part), type);
  }
  return {
    all: [...defaults.values(), ...overrides.values()],
    of: (part) => overrides.get(part) ?? defaults.get(part.slice(part.lastIndexOf('.') + 1)),
  };
}

async function findMainPart(archive: ZipArchive): Promise<string> {
  const targets = new Set<string>();
  for (const { name, attributes } of xmlTags(await readPart(archive, '_rels/.rels'))) {
    if (name !== 'Relationship') continue;
    if (!OFFICE_DOCUMENT_RELATIONSHIPS.has(attributes.get('Type')?.toLowerCase() ?? '')) continue;
    if (attributes.get('TargetMode')?.toLowerCase() === 'external') throw notAnOfficeDocument();
    targets.add(partKey(attributes.get('Target') ?? ''));
  }
  const [main, ...others] = targets;
  if (main === undefined || others.length > 0 || !archive.find(main)) throw notAnOfficeDocument();
  return main;
}

async function readPart(archive: ZipArchive, name: string): Promise<Buffer> {
  const entry = archive.find(name);
  if (!entry) throw notAnOfficeDocument();
  return archive.read(entry);
}

/** Part names and targets relative to the package's root, as the archive's entries are named. */
function partKey(name: string): string {
  return name.replace(/^(\.\/|\/)/, '').toLowerCase();
}

function setOnce(types: Map<string, string>, key: string, type: string): void {
  if ((types.get(key) ?? type) !== type) throw mismatch('The document contradicts itself about its types.');
  types.set(key, type);
}

function carriesMacros(): Error {
  return mismatch('The document carries macros, which its name does not say.');
}

function notAnOfficeDocument(): Error {
  return mismatch('The file is a ZIP archive, but not an Office document.');
}

function officeKind(extension: string, family: string): FileKind {
  const mediaType = `application/vnd.openxmlformats-officedocument.${family}`;
  const mainType = mediaType.replace(/\.(document|presentation|sheet)$/, '.$1.main+xml');
  return { extension, mediaType, aliases: [], mayBeEmpty: false, check: checkPackage(mainType) };
}

export const OFFICE_OPEN_XML_KINDS: readonly FileKind[] = [
  officeKind('docx', 'wordprocessingml.document'),
  officeKind('pptx', 'presentationml.presentation'),
  officeKind('xlsx', 'spreadsheetml.sheet'),
];
