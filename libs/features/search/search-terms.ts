/**
 * Letters of scripts that are written without blanks: each counts as a word, in `search_words` of the schema too, so that
 * any part of such a text is found as a phrase.
 */
const UNSPACED =
  '\\u0E00-\\u0EFF\\u1000-\\u109F\\u1780-\\u17FF\\u2E80-\\u2FDF\\u3040-\\u30FF\\u3100-\\u312F\\u31A0-\\u31FF\\u3400-\\u4DBF\\u4E00-\\u9FFF\\uA960-\\uA97F\\uAC00-\\uD7FF\\uF900-\\uFAFF\\u{20000}-\\u{3FFFF}';
export const UNSPACED_LETTER = new RegExp(`[${UNSPACED}]`, 'u');
const UNSPACED_RUN = new RegExp(`[${UNSPACED}]+`, 'gu');
const WORD_CHARACTER = /[\p{L}\p{N}]/u;
const SIGN = /[^\p{L}\p{N}\p{M}]/u;
/** What an index of trigrams can look up. */
const TRIGRAM = new RegExp(`(?:(?![${UNSPACED}])[\\p{L}\\p{N}]){3}`, 'u');

export const MAX_TERMS = 16;

/** One word of a question, or what was written between two blanks. */
export interface Term {
  text: string;
  /** Whether it has words, which are looked for in all texts, as beginnings. */
  words: boolean;
  /** Whether it is looked for within names. */
  within: boolean;
  /** Whether trigrams of it lead there; or else its signs. */
  trigrams: boolean;
}

/** What is asked for, term by term; all must be found. Terms that differ in case alone are one. */
export function parseTerms(question: string): Term[] {
  const distinct = new Map<string, string>();
  for (const text of question.normalize('NFKC').trim().split(/\s+/u)) {
    if (text !== '' && !distinct.has(text.toLowerCase())) distinct.set(text.toLowerCase(), text);
  }
  return [...distinct.values()].map(termOf);
}

/**
 * A term with three letters in a row is looked for within names, and so is one with signs: there are indexes for both. Any
 * other is the beginning of a word.
 */
export function termOf(text: string): Term {
  const trigrams = TRIGRAM.test(text);
  return { text, words: WORD_CHARACTER.test(text), within: trigrams || SIGN.test(text), trigrams };
}

/** The longest part that is written without blanks; null where there is none. */
export function unspacedPart(text: string): string | null {
  const runs = text.match(UNSPACED_RUN) ?? [];
  return runs.reduce<string | null>(
    (longest, run) => (run.length > (longest?.length ?? 0) ? run : longest),
    null,
  );
}
