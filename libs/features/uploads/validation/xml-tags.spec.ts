import { xmlTags } from './xml-tags';

function tags(xml: string | Buffer): [string, Record<string, string>][] {
  const part = typeof xml === 'string' ? Buffer.from(xml) : xml;
  return [...xmlTags(part)].map(({ name, attributes }) => [name, Object.fromEntries(attributes)]);
}

describe('tags of an XML part', () => {
  it.each<[string, string | Buffer, [string, Record<string, string>][]]>([
    ['elements in order', '<a><b c="d"/></a>', [['a', {}], ['b', { c: 'd' }]]],
    ['without their prefixes', "<x:a xmlns:x='y'></x:a>", [['a', { 'xmlns:x': 'y' }]]],
    ['over line ends', '<a\n  b = "c"\r\n\td=\'e\'\n/>', [['a', { b: 'c', d: 'e' }]]],
    ['with an end of tag in a value', '<a b="c>d"/>', [['a', { b: 'c>d' }]]],
    ['entities resolved', '<a b="&lt;&#x6D;&#97;&amp;amp;&quot;"/>', [['a', { b: '<ma&amp;"' }]]],
    ['not from comments', '<!-- <a/> --><b/>', [['b', {}]]],
    ['not from instructions', '<?xml version="1.0"?><?a <b/>?><c/>', [['c', {}]]],
    ['behind the name of a DTD', '<!DOCTYPE a PUBLIC "b" "c"><a/>', [['a', {}]]],
    ['behind a byte order mark', '\ufeff<a/>', [['a', {}]]],
    ['of UTF-16', Buffer.from('\ufeff<?xml version="1.0" encoding="UTF-16"?><a/>', 'utf16le').swap16(), [['a', {}]]],
  ])('are read %s', (_, xml, expected) => expect(tags(xml)).toEqual(expected)); // prettier-ignore

  it.each<[string, string | Buffer]>([
    ['an entity of its own', '<!DOCTYPE a [<!ENTITY b "c>">]><a/>'],
    ['an unknown entity', '<a b="&c;"/>'],
    ['an ampersand that stands alone', '<a b="c & d"/>'],
    ['a character that does not exist', '<a b="&#x110000;"/>'],
    ['CDATA', '<a><![CDATA[<b/>]]></a>'],
    ['an attribute twice', '<a b="c" b="d"/>'],
    ['an attribute without quotes', '<a b=c/>'],
    ['a tag within a value', '<a b="<c/>"/>'],
    ['a tag without end', '<a b="c"'],
    ['a comment without end', '<!-- <a/>'],
    ['a tag without name', '< a/>'],
    ['another encoding', '<?xml version="1.0" encoding="utf-7"?><a/>'],
    [
      'UTF-16 that claims to be UTF-8',
      Buffer.from('\ufeff<?xml version="1.0" encoding="utf-8"?><a/>', 'utf16le'),
    ],
    ['what is no UTF-8', Buffer.from([0x3c, 0x61, 0xff, 0x3e])],
  ])('are not read from a part with %s', (_, xml) => {
    expect(() => tags(xml)).toThrow(expect.objectContaining({ code: 'CONTENT_MISMATCH' }));
  });

  it.each(['<', ' ', '<a ', '&', '<a b="', '<!--', '<a b="c" ', '<?xml '])(
    'take time linear in the part for %j repeated',
    (piece) => {
      const part = Buffer.from(`<a${piece.repeat(1_000_000 / piece.length)}`);
      expect(() => tags(part)).toThrow(expect.objectContaining({ code: 'CONTENT_MISMATCH' }));
    },
  );
});
