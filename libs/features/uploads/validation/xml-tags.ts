import { mismatch } from './refusals';

/** A start tag or an empty element. */
export interface XmlTag {
  /** Without its namespace prefix. */
  name: string;
  /** By name as written, entities resolved. */
  attributes: ReadonlyMap<string, string>;
}

const TAG_NAME = /[^\s/>]+/y;
const ATTRIBUTE = /\s+([^\s=<>"'/]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const TAG_END = /\s*\/?>/y;
const ENCODING = /^<\?xml[^>]*\sencoding\s*=\s*["']([^"']*)["']/;

/**
 * The tags of a small XML part in order: what it takes to read a list of content types or relationships, and nothing
 * that XML could be abused for. Text between tags is passed over; entities cannot be declared (an internal DTD subset
 * is refused), and CDATA has no business here. Time is linear in the part's size. Throws `CONTENT_MISMATCH`.
 */
export function* xmlTags(part: Buffer): Generator<XmlTag> {
  const xml = decode(part);
  let at = 0;
  while ((at = xml.indexOf('<', at)) !== -1) {
    if (xml.startsWith('<?', at)) at = after(xml, '?>', at);
    else if (xml.startsWith('<!--', at)) at = after(xml, '-->', at + 4);
    else if (xml.startsWith('<!DOCTYPE', at)) at = afterDoctype(xml, at);
    else if (xml.startsWith('</', at)) at = after(xml, '>', at);
    else {
      const { tag, end } = readTag(xml, at);
      yield tag;
      at = end;
    }
  }
}

function readTag(xml: string, at: number): { tag: XmlTag; end: number } {
  const name = match(TAG_NAME, xml, at + 1);
  if (!name || name[0].startsWith('!')) throw malformed();
  const attributes = new Map<string, string>();
  let end = TAG_NAME.lastIndex;
  for (let found = match(ATTRIBUTE, xml, end); found; found = match(ATTRIBUTE, xml, end)) {
    const key = found[1]!;
    if (attributes.has(key)) throw malformed();
    attributes.set(key, unescape(found[2] ?? found[3] ?? ''));
    end = ATTRIBUTE.lastIndex;
  }
  if (!match(TAG_END, xml, end)) throw malformed();
  return { tag: { name: name[0].slice(name[0].indexOf(':') + 1), attributes }, end: TAG_END.lastIndex };
}

function match(pattern: RegExp, xml: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(xml);
}

function after(xml: string, closing: string, at: number): number {
  const found = xml.indexOf(closing, at);
  if (found === -1) throw malformed();
  return found + closing.length;
}

/** Early OpenDocument manifests name a DTD; only naming it is harmless. */
function afterDoctype(xml: string, at: number): number {
  const end = after(xml, '>', at);
  if (xml.slice(at, end).includes('[')) throw malformed();
  return end;
}

/** UTF-8 or, with its byte order mark, UTF-16: what every reader of documents must accept, and nothing else. */
function decode(part: Buffer): string {
  const isUtf16 = (part[0] === 0xff && part[1] === 0xfe) || (part[0] === 0xfe && part[1] === 0xff);
  const encoding = isUtf16 ? (part[0] === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8';
  let xml: string;
  try {
    xml = new TextDecoder(encoding, { fatal: true }).decode(part);
  } catch (cause) {
    throw mismatch('A part of the document is not readable XML.', cause);
  }
  const declared = ENCODING.exec(xml)?.[1]?.toLowerCase();
  if (declared && !(isUtf16 ? ['utf-16'] : ['utf-8', 'us-ascii']).includes(declared)) throw malformed();
  return xml;
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescape(value: string): string {
  return value.replace(/&([^;&]{0,10});?/g, (_, name: string) => {
    const named = ENTITIES[name];
    if (named !== undefined) return named;
    const numeric = /^#(?:x([0-9a-f]{1,6})|([0-9]{1,7}))$/i.exec(name);
    const code = numeric ? parseInt(numeric[1] ?? numeric[2]!, numeric[1] ? 16 : 10) : Infinity;
    if (code > 0x10ffff) throw malformed();
    return String.fromCodePoint(code);
  });
}

function malformed(): Error {
  return mismatch('A part of the document is not readable XML.');
}
