/** An entity tag (RFC 9110, section 8.8.3), its opaque part with the quotes. */
export interface EntityTag {
  opaque: string;
  weak: boolean;
}

const TAG = /(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/y;
const SEPARATOR = /[ \t]*,[ \t,]*/y;

/** Parses a single entity tag; null where it is none. */
export function parseEntityTag(text: string): EntityTag | null {
  const tags = parseEntityTags(text);
  return tags?.length === 1 ? tags[0]! : null;
}

/** Parses a list of entity tags, empty elements ignored; null where a part of it is none. */
export function parseEntityTags(text: string): EntityTag[] | null {
  const list = text.replace(/^[ \t,]+/, '').trimEnd();
  const tags: EntityTag[] = [];
  for (let position = 0; position < list.length;) {
    TAG.lastIndex = position;
    const tag = TAG.exec(list);
    if (!tag) return null;
    tags.push({ weak: tag[1] !== undefined, opaque: tag[2]! });
    position = TAG.lastIndex;
    if (position === list.length) break;

    SEPARATOR.lastIndex = position;
    if (!SEPARATOR.test(list)) return null;
    position = SEPARATOR.lastIndex;
  }
  return tags;
}

/** Strong comparison (section 8.8.3.2): equal, and neither of them weak. */
export function matchesStrongly(a: EntityTag, b: EntityTag): boolean {
  return !a.weak && !b.weak && a.opaque === b.opaque;
}

/** Weak comparison: equal, weak or not. */
export function matchesWeakly(a: EntityTag, b: EntityTag): boolean {
  return a.opaque === b.opaque;
}
