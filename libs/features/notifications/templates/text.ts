/** What somebody else wrote, with what could pass for markup of a text mail, line breaks foremost, taken out. */
export function oneLine(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029]+/gu, ' ').trim();
}

/** What mail programs make links of: addresses, paths, domains. */
const LINKLIKE = /[/\\@]|\p{L}\.\p{L}{2}/u;

/**
 * A name to write to somebody with; null where there is none, or it could pass for a link: whoever signs up with another's
 * address must not get to advertise to him.
 */
export function nameIn(fullName: string | null): string | null {
  const name = fullName === null ? '' : oneLine(fullName);
  return name === '' || LINKLIKE.test(name) ? null : name;
}

/** "Hello Ada," whatever the name holds. */
export function greeting(fullName: string | null): string {
  const name = nameIn(fullName);
  return name === null ? 'Hello,' : `Hello ${name},`;
}

/** A time for people, to the minute: `2026-11-21 14:03 UTC`. */
export function utc(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
