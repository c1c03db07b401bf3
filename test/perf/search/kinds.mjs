import { OLD_WORD, word, WORDS } from './load-files.mjs';

/**
 * What is asked for: a search, or a page of the list. `n` varies the words from one call to the next.
 * @typedef {{ title: string, limit: number, list?: object, query?: (n: number) => Record<string, string | number> }} Kind
 *   limit: ms that 95 of 100 must not exceed
 */

const common = (/** @type {number} */ n) => word(n % 5);
const fair = (/** @type {number} */ n) => word(600 + (n % 50) * 7);
const rare = (/** @type {number} */ n) => word(WORDS - 1 - (n % 50));

/** @type {Kind[]} */
export const KINDS = [
  { title: 'list, newest', limit: 5, list: { sort: 'createdAt', descending: true } },
  { title: 'list, by name from the middle', limit: 5, list: { sort: 'name', descending: false, key: 'li' } },
  { title: 'frequent word', limit: 5, query: (n) => ({ q: common(n) }) },
  { title: 'frequent word, by name', limit: 5, query: (n) => ({ q: common(n), sort: 'name' }) },
  { title: 'word of one file in 500', limit: 5, query: (n) => ({ q: fair(n) }) },
  { title: 'rare word, newest first', limit: 5, query: (n) => ({ q: rare(n), sort: '-createdAt' }) },
  { title: 'two words', limit: 5, query: (n) => ({ q: `${common(n)} ${fair(n)}` }) },
  { title: 'beginning of a word', limit: 5, query: (n) => ({ q: fair(n).slice(0, 5) }) },
  { title: 'word that is nowhere', limit: 5, query: (n) => ({ q: `unheard${n}` }) },
  { title: 'tag', limit: 5, query: (n) => ({ tag: fair(n) }) },
  { title: 'type and words', limit: 5, query: (n) => ({ type: 'mp4', q: fair(n) }) },
  { title: 'part of a name, frequent', limit: 20, query: (n) => ({ name: common(n).slice(1) }) },
  {
    title: 'part of a name, rare',
    limit: 20,
    query: (n) => ({ name: `${rare(n).slice(1)}-${1 + (n % 9)}` }),
  },
  { title: 'part of a name, nowhere', limit: 20, query: (n) => ({ q: `qjx${n}` }) },
  { title: 'only in the oldest twentieth', limit: 20, query: () => ({ q: OLD_WORD }) },
  { title: 'only there, with another word', limit: 20, query: (n) => ({ q: `${OLD_WORD} ${fair(n)}` }) },
  { title: 'one letter', limit: 20, query: (n) => ({ q: 'bcdfghklm'[n % 9] }) },
  { title: 'five letters apart', limit: 20, query: () => ({ q: 'b c d f g' }) },
  { title: '%', limit: 20, query: () => ({ q: '%' }) },
  { title: 'size that nothing has', limit: 20, query: () => ({ minSize: 999_999_999 }) },
];
