import { html } from '@waybill/platform/http';
import { UNSPACED_LETTER, type Term } from './search-terms';

/** A text of a file in which something was found: HTML, escaped, with `<mark>` around what was found. */
export interface Highlight {
  field: string;
  html: string;
}

/** Of a long text, so many characters are shown: some before what was found first, the rest after it. */
const EXCERPT = 200;
const LEAD = 40;

/** Marks what the terms have found in the texts; texts without any of it are left out. */
export function highlight(
  texts: readonly (readonly [field: string, text: string | null])[],
  terms: readonly Term[],
  nameTerm: Term | null = null,
): Highlight[] {
  return texts.flatMap(([field, text]) => {
    if (text === null || text === '') return [];
    const folded = fold(text);
    const wanted = field === 'name' && nameTerm !== null ? [...terms, nameTerm] : terms;
    const ranges = merge(wanted.flatMap((term) => rangesOf(folded, term, field === 'name')));
    return ranges.length === 0 ? [] : [{ field, html: mark(text, ranges) }];
  });
}

type Range = [start: number, end: number];

/** A text as it is compared, and for each of its code units the place in the original that it comes from. */
interface Folded {
  text: string;
  from: number[];
  to: number[];
}

/** Letters that stay one when marks are taken off, and are written as two without them. */
const LIGATURES: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ı: 'i',
};

/** Like `search_fold` of the schema, as far as showing what was found needs it. */
function fold(original: string): Folded {
  let text = '';
  const from: number[] = [];
  const to: number[] = [];
  let at = 0;
  for (const character of original) {
    const plain = UNSPACED_LETTER.test(character) ? character.normalize('NFKC') : withoutMarks(character);
    text += plain;
    for (let n = 0; n < plain.length; n++) {
      from.push(at);
      to.push(at + character.length);
    }
    // A mark of its own belongs to the letter before it.
    if (plain === '' && to.length > 0) to[to.length - 1] = at + character.length;
    at += character.length;
  }
  return { text, from, to };
}

function withoutMarks(character: string): string {
  const plain = character.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return LIGATURES[plain] ?? plain;
}

/** Where a term is in a text: as the beginning of words, and within names. */
function rangesOf({ text, from, to }: Folded, term: Term, isName: boolean): Range[] {
  const pattern = patternOf(fold(term.text).text, term, isName);
  if (pattern === null) return [];
  return [...text.matchAll(pattern)].map(({ index, 0: found }) => [
    from[index]!,
    to[index + found.length - 1]!,
  ]);
}

function patternOf(folded: string, { words, within }: Term, isName: boolean): RegExp | null {
  const alternatives: string[] = [];
  if (within && isName) alternatives.push(escapeRegExp(folded));
  const parts = folded.match(/[\p{L}\p{N}\p{M}]+/gu);
  if (words && parts !== null) {
    const boundary = UNSPACED_LETTER.test(parts[0]!.slice(0, 2)) ? '' : '(?<![\\p{L}\\p{N}])';
    alternatives.push(boundary + parts.map(escapeRegExp).join('[^\\p{L}\\p{N}]+'));
  }
  return alternatives.length === 0 ? null : new RegExp(alternatives.join('|'), 'gu');
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function merge(ranges: Range[]): Range[] {
  const merged: Range[] = [];
  for (const [start, end] of ranges.sort((one, other) => one[0] - other[0])) {
    const last = merged.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
}

function mark(text: string, ranges: Range[]): string {
  const begin = text.length <= EXCERPT ? 0 : Math.max(0, characterAt(text, ranges[0]![0] - LEAD));
  const end =
    text.length <= EXCERPT ? text.length : characterAt(text, Math.min(text.length, begin + EXCERPT));
  let at = begin;
  let marked = begin > 0 ? '…' : '';
  for (const [start, stop] of ranges) {
    if (start >= end) break;
    const until = Math.min(stop, end);
    marked += html`${text.slice(at, start)}<mark>${text.slice(start, until)}</mark>`.text;
    at = until;
  }
  return marked + html`${text.slice(at, end)}`.text + (end < text.length ? '…' : '');
}

/** Not between the two halves of a character. */
function characterAt(text: string, index: number): number {
  const inside = index > 0 && index < text.length && /[\uDC00-\uDFFF]/.test(text[index]!);
  return inside ? index - 1 : index;
}
