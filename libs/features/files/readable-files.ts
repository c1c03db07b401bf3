import { Injectable } from '@nestjs/common';
import { toFileDto } from './file.mapper';
import type { FileDto } from './file.dto';
import type { Reader } from './file.policy';
import { listableSql, sourcesFor, type Bind } from './file-reading';
import { FileRepository } from './file.repository';

const OWNER_ACTIVE =
  'EXISTS (SELECT FROM users owner WHERE owner.id = file.owner_id AND owner.disabled_at IS NULL)';

/** Of whoever asks, what the rules look at. */
export type FileReader = Reader;

/** Some of the files that somebody can have, as SQL that names them `file`. */
export interface FileSource {
  from: string;
  /** Enough to read an index in its order; `listable` must hold as well. */
  where: string;
  listable: string;
  /** The table of `from` that has an index in the order of `created_at`, `name` and `size`, and its column for the id. */
  key: string;
  id: string;
  /** What stands in its index on texts beside these: owners, or eras (`search_eras` of the schema); null where it has none. */
  texts: 'owners' | 'eras' | null;
}

/** Who may have which files, for features that look for files in ways of their own. */
@Injectable()
export class ReadableFiles {
  constructor(private readonly files: FileRepository) {}

  /** Where the files are that somebody can have now; no file is in two of them. */
  sources(reader: FileReader, bind: Bind, now: Date): FileSource[] {
    const sources = sourcesFor(reader, bind);
    if (sources.length === 0) return [];
    const listable = listableSql(reader, bind, now, OWNER_ACTIVE).join(' AND ');
    return sources.map((source) => ({ ...source, listable }));
  }

  /** Those of these files that somebody may see, as he may see them. Asked of the rules anew, on fresh rows. */
  async show(reader: FileReader, ids: readonly string[]): Promise<Map<string, FileDto>> {
    if (ids.length === 0) return new Map();
    const found = await this.files.permitted(reader, 'read', ids);
    const current = found.filter(({ deletedAt }) => deletedAt === null);
    return new Map(current.map((file) => [file.id, toFileDto(file, reader)]));
  }
}
