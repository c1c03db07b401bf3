/** U+0000, which PostgreSQL cannot store, or half a surrogate pair, which no encoding can carry. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** Why a text from outside cannot be kept as it is; undefined when it can. All else is stored unchanged. */
export function textProblem(text: string): string | undefined {
  if (!UNSTORABLE.test(text)) return undefined;
  return text.includes('\0')
    ? 'must not contain the character U+0000'
    : 'must be well-formed Unicode (it contains half of a surrogate pair)';
}

const PROTOTYPE_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

/** Whether a property of this name would reach an object's prototype where code copies properties carelessly. */
export function isPrototypeName(name: string): boolean {
  return PROTOTYPE_NAMES.has(name);
}
