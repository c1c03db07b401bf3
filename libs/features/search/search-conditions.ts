import { unspacedPart, type Term } from './search-terms';

/** What is looked for, once it was read. */
export interface Wanted {
  terms: Term[];
  /** All of the question, to tell how well a name answers it. */
  question: string;
  name: Term | null;
  type?: string;
  tag?: string;
  uploadedFrom?: string;
  uploadedTo?: string;
  minSize?: number;
  maxSize?: number;
}

/** A text as the database compares it: folded, and made a pattern of LIKE, or a query for its words or its signs. */
export interface Comparand {
  pattern: string;
  prefix: string;
  signs: string;
}

/** The texts that are to be compared, and in which fields their words are looked for: all, or the name (weight `A`). */
export interface ComparandRequest {
  text: string;
  weights: '' | 'A';
}

const NARROWING = ['name', 'type', 'tag', 'uploadedFrom', 'uploadedTo', 'minSize', 'maxSize'] as const;

/** Makes a value a parameter of the statement, and tells its name there. */
export type Bind = (value: unknown) => string;

/**
 * The conditions for what is wanted. Texts are folded by the database, once and beforehand: statements whose values are
 * known are planned in a fraction of the time.
 */
export class SearchConditions {
  constructor(
    private readonly wanted: Wanted,
    private readonly comparands: readonly Comparand[],
  ) {}

  /** The texts whose comparands the constructor takes, in this order. */
  static requests({ terms, name, question }: Wanted): ComparandRequest[] {
    const everywhere = [question, ...terms.map(({ text }) => text)].map(
      (text) => ({ text, weights: '' }) as const,
    );
    if (name === null) return everywhere;
    const words = unspacedPart(name.text) ?? name.text;
    return [...everywhere, { text: name.text, weights: 'A' }, { text: words, weights: 'A' }];
  }

  /**
   * Whether it is one word alone, as most ask, and looked for in the same way whatever it is: then it need not be planned
   * anew each time. With two words the database must know which is the rare one.
   */
  static usual(wanted: Wanted): boolean {
    const [term, ...more] = wanted.terms;
    const narrowed = NARROWING.some((filter) => wanted[filter] !== undefined && wanted[filter] !== null);
    return !narrowed && more.length === 0 && term !== undefined && term.words && term.trigrams;
  }

  get usual(): boolean {
    return SearchConditions.usual(this.wanted);
  }

  /** The conditions on `file`, all of which must hold. */
  sql(bind: Bind): string[] {
    const { type, tag, uploadedFrom, uploadedTo, minSize, maxSize } = this.wanted;
    const conditions = [...this.termsSql(bind), ...this.nameSql(bind)];
    if (type !== undefined) conditions.push(exactSql('type', type.replace(/^\./, ''), bind));
    if (tag !== undefined) conditions.push(exactSql('tag', tag.trim(), bind));
    if (uploadedFrom !== undefined) conditions.push(`file.created_at >= ${bind(uploadedFrom)}::timestamptz`);
    if (uploadedTo !== undefined) conditions.push(`file.created_at <= ${bind(uploadedTo)}::timestamptz`);
    if (minSize !== undefined) conditions.push(`file.size >= ${bind(minSize)}::bigint`);
    if (maxSize !== undefined) conditions.push(`file.size <= ${bind(maxSize)}::bigint`);
    return conditions;
  }

  /** How well `file` answers the question; `ts_rank` weighs name, title, tags and description in this order. */
  scoreSql(bind: Bind): string {
    const { terms } = this.wanted;
    if (terms.length === 0) return '0::float8';
    const words = terms.flatMap((term, n) => (term.words ? [this.comparands[n + 1]!.prefix] : []));
    const rank =
      words.length === 0 ? '0' : `ts_rank(file.search_vector, ${bind(words.join(' | '))}::tsquery)`;
    const contains = this.comparands[0]!.pattern;
    return `(${rank} + CASE WHEN file.search_name LIKE ${bind(contains)} THEN 0.5::float8 ELSE 0 END
      + CASE WHEN file.search_name LIKE ${bind(contains.slice(1))} THEN 0.5::float8 ELSE 0 END)::float8`;
  }

  private termsSql(bind: Bind): string[] {
    return this.wanted.terms.map((term, n) => {
      const comparand = this.comparands[n + 1]!;
      const ways: string[] = [];
      if (term.words) ways.push(searchedSql(comparand.prefix, bind));
      if (term.within) ways.push(withinSql(term, comparand, bind));
      return `(${ways.join(' OR ')})`;
    });
  }

  private nameSql(bind: Bind): string[] {
    const { name } = this.wanted;
    if (name === null) return [];
    const [whole, words] = this.comparands.slice(-2) as [Comparand, Comparand];
    // Letters of scripts without blanks have no trigrams that an index could look up; as words they do.
    if (unspacedPart(name.text) !== null) {
      return [withinSql(name, whole, bind), searchedSql(words.prefix, bind)];
    }
    return [name.within ? withinSql(name, whole, bind) : searchedSql(words.prefix, bind)];
  }
}

function searchedSql(query: string, bind: Bind): string {
  return `file.search_vector @@ ${bind(query)}::tsquery`;
}

function withinSql({ trigrams }: Term, { pattern, signs }: Comparand, bind: Bind): string {
  if (trigrams) return `file.search_name LIKE ${bind(pattern)}`;
  // Not as the index knows it: without a trigram it would read all of the index for that condition.
  const contains = `(file.search_name || '') LIKE ${bind(pattern)}`;
  return signs === '' ? contains : `(${contains} AND ${searchedSql(signs, bind)})`;
}

/** The trigger of the schema puts down as one lexeme each what is asked for exactly. */
function exactSql(kind: 'type' | 'tag', value: string, bind: Bind): string {
  return `file.search_vector @@ search_exact(${bind(kind)}, ${bind(value)})`;
}
