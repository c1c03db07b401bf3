import { Injectable } from '@nestjs/common';
import { AppError, Clock, type Page } from '@waybill/core/kernel';
import { ReadableFiles, type FileDto, type FileReader } from '@waybill/features/files';
import { isStatementTimeout } from '@waybill/platform/database';
import { CursorCodec } from '@waybill/platform/http';
import { highlight, type Highlight } from './highlight';
import { rankedPage } from './ranked-list';
import type { Wanted } from './search-conditions';
import type { FileSearchQuery, FoundFileDto, SearchSort } from './search.dto';
import type { SearchKey } from './search-statement';
import { SearchRepository } from './search.repository';
import { sortedPage } from './sorted-list';
import { parseTerms, termOf } from './search-terms';

/** Finds files among those that somebody can have. */
@Injectable()
export class SearchService {
  constructor(
    private readonly searches: SearchRepository,
    private readonly readable: ReadableFiles,
    private readonly cursors: CursorCodec,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws AppError `VALIDATION_FAILED` for a cursor of another search or user; `DEPENDENCY_UNAVAILABLE` for a search that
   * was ended because it took too long.
   */
  async page(reader: FileReader, query: FileSearchQuery): Promise<Page<FoundFileDto>> {
    const { limit, cursor, sort: asked, ...filters } = query;
    const wanted = readWanted(filters);
    const order = orderOf(asked, wanted);
    const scope = JSON.stringify(['search', reader.userId, order, wanted]);
    const position = cursor === undefined ? null : this.cursors.decode(scope, cursor);
    const list = order.ranked ? rankedPage : sortedPage;
    const { matches, next } = await inTime(
      this.searches.bounded(wanted, (tx, conditions) => {
        const search = { reader, conditions, now: this.clock.now(), ...order };
        return list(this.searches, tx, search, limit, position);
      }),
    );

    const ids = matches.map(({ id }) => id);
    const files = await this.readable.show(reader, ids);
    return {
      items: matches.flatMap(({ id, score }) => {
        const file = files.get(id);
        // Deleted, or taken from him, since it was found a moment ago.
        if (file === undefined) return [];
        return [{ ...file, score, highlight: highlightsOf(file, wanted) }];
      }),
      nextCursor: next === null ? null : this.cursors.encode(scope, next),
    };
  }
}

type Filters = Omit<FileSearchQuery, 'limit' | 'cursor' | 'sort'>;

function readWanted({ q, name, ...exact }: Filters): Wanted {
  const question = (q ?? '').trim();
  return { ...exact, question, terms: parseTerms(question), name: name === undefined ? null : termOf(name) };
}

interface Order {
  ranked: boolean;
  sort: SearchKey;
  descending: boolean;
}

/** Relevance needs something to be relevant for, and falls back on what is newest. */
function orderOf(asked: SearchSort | undefined, { terms }: Wanted): Order {
  if (asked === undefined || asked.endsWith('relevance')) {
    return { ranked: terms.length > 0, sort: 'createdAt', descending: true };
  }
  return { ranked: false, sort: asked.replace('-', '') as SearchKey, descending: asked.startsWith('-') };
}

function highlightsOf(file: FileDto, { terms, name }: Wanted): Highlight[] {
  const { title, description, tags } = file;
  const texts = [
    ['name', file.name],
    ['title', title],
    ['description', description],
    ...tags.map((tag) => ['tags', tag] as const),
  ] as const;
  return highlight(texts, terms, name);
}

async function inTime<T>(search: Promise<T>): Promise<T> {
  try {
    return await search;
  } catch (error) {
    if (!isStatementTimeout(error)) throw error;
    throw new AppError('DEPENDENCY_UNAVAILABLE', 'The search took too long; ask for something narrower.', {
      retryAfterSeconds: 5,
    });
  }
}
