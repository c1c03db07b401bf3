/** What somebody else wrote, with what could pass for markup of a text mail, line breaks foremost, taken out. */
export function oneLine(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029]+/gu, ' ').trim();
}

/** "Hello Ada," whatever the name holds. */
export function greeting(fullName: string | null): string {
  const name = fullName && oneLine(fullName);
  return name ? `Hello ${name},` : 'Hello,';
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
