import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@waybill/platform/database';
import type { FileCategory, FileStatus, FileType, Visibility } from './file.entity';
import {
  listableSql,
  permissionSql,
  SELECT_ALL,
  SELECT_GLANCE,
  selectFor,
  SORT_COLUMNS,
  sourcesFor,
  type Bind,
  type SortKey,
} from './file-reading';
import type { Governed, Permission, Reader } from './file.policy';

/** A file's row with what belongs to it of its owner and its object. */
export interface FileRecord extends Governed {
  id: string;
  ownerName: string | null;
  name: string;
  extension: string;
  mediaType: string;
  category: FileCategory;
  fileType: FileType | null;
  title: string | null;
  description: string | null;
  tags: string[];
  chatId: string | null;
  groupId: string | null;
  size: number;
  sha256: Buffer;
  /** Null until an archive has asked for it. */
  crc32: number | null;
  objectKey: string;
  objectVersion: number;
  /** Null once the object is gone. */
  driver: string | null;
  /** Null once the file is: with the key, the bytes are gone. */
  wrappedDek: Buffer | null;
  kekId: string;
  revision: number;
  createdAt: Date;
  updatedAt: Date;
  /** Addresses, in their order; null where the reader is not to know them. */
  recipients: string[] | null;
}

/** What must be looked at anew whenever a file is asked for; all else of it stands still until its revision grows. */
export type FileGlance = Pick<
  FileRecord,
  'id' | 'ownerId' | 'ownerName' | 'revision' | 'expiresAt' | 'downloadCount' | 'deletedAt'
>;

/** What an owner can change of a file, as it stands. */
export interface Changeable {
  title: string | null;
  description: string | null;
  tags: string[];
  visibility: Visibility;
  expiresAt: Date | null;
  maxDownloads: number | null;
}

export interface LockedFile extends Changeable {
  ownerId: string;
  name: string;
  revision: number;
}

/** What is left to tell of a file when it goes. */
export interface BuriedFile {
  id: string;
  ownerId: string;
  name: string;
  size: number;
  objectKey: string;
}

/** A file whose end is near. */
export interface ExpiringFile {
  id: string;
  ownerId: string;
  name: string;
  expiresAt: Date;
}

export interface ListQuery {
  sort: SortKey;
  descending: boolean;
  limit: number;
  /** The last item of the page before: its sort key as the database wrote it, and its id. */
  after: { key: string; id: string } | null;
  status?: FileStatus;
  chatId?: string;
  groupId?: string;
}

export interface ListedFile extends FileRecord {
  /** The sort key, exactly: JavaScript's dates have no microseconds. */
  sortKey: string;
}

const BURIED = 'id, owner_id AS "ownerId", name, size, object_key AS "objectKey"';

/** The catalogue's statements. */
@Injectable()
export class FileRepository {
  constructor(private readonly database: Database) {}

  /**
   * Of these files, those with which somebody may do this: the set-based form of `permits`, asked by every route on
   * every request. Tombstones are among them where the file's time ended it.
   */
  async permitted(reader: Reader, permission: Permission, ids: readonly string[]): Promise<FileRecord[]> {
    const parameters: unknown[] = [ids];
    const bind: Bind = (value) => `$${parameters.push(value)}`;
    return this.database.query<FileRecord>(
      `${selectFor(reader)}, object.driver
       FROM files file JOIN users owner ON owner.id = file.owner_id LEFT JOIN objects object ON object.key = file.object_key
       WHERE file.id = ANY($1::uuid[]) AND (file.deleted_at IS NULL OR file.expires_at <= file.deleted_at)
         AND ${permissionSql(reader, permission, bind)}`,
      parameters,
    );
  }

  /** The same question as `permitted`, with an answer that is quick to give. */
  async glances(reader: Reader, permission: Permission, ids: readonly string[]): Promise<FileGlance[]> {
    const parameters: unknown[] = [ids];
    const bind: Bind = (value) => `$${parameters.push(value)}`;
    return this.database.query<FileGlance>(
      `${SELECT_GLANCE} FROM files file JOIN users owner ON owner.id = file.owner_id
       WHERE file.id = ANY($1::uuid[]) AND (file.deleted_at IS NULL OR file.expires_at <= file.deleted_at)
         AND ${permissionSql(reader, permission, bind)}`,
      parameters,
    );
  }

  /** All that there is to tell of a file, whoever asks: recipients, too. Null where it is gone. */
  async describe(id: string): Promise<FileRecord | null> {
    const [file] = await this.database.query<FileRecord>(
      `${SELECT_ALL}, NULL AS driver FROM files file JOIN users owner ON owner.id = file.owner_id
       WHERE file.id = $1 AND file.deleted_at IS NULL`,
      [id],
    );
    return file ?? null;
  }

  /**
   * A page of the files that somebody can have: own ones for who owns files; for clients what all of them see, united
   * with what was granted. Each source gives its part of the page off an index that has the page's order, so that a page
   * costs what it holds, whatever else there is.
   */
  async list(reader: Reader, query: ListQuery, now: Date): Promise<ListedFile[]> {
    const parameters: unknown[] = [];
    const bind: Bind = (value) => `$${parameters.push(value)}`;
    const sources = sourcesFor(reader, bind);
    if (sources.length === 0) return [];

    const { column, type } = SORT_COLUMNS[query.sort];
    const shared = listableSql(reader, bind, now);
    if (query.status !== undefined) shared.push(`file.status = ${bind(query.status)}`);
    if (query.chatId !== undefined) shared.push(`file.chat_id = ${bind(query.chatId)}`);
    if (query.groupId !== undefined) shared.push(`file.group_id = ${bind(query.groupId)}`);
    const after = query.after && `(${bind(query.after.key)}::${type}, ${bind(query.after.id)}::uuid)`;
    const [order, beyond] = query.descending ? ['DESC', '<'] : ['ASC', '>'];
    const limit = bind(query.limit);

    const pages = sources.map(({ from, where, key, id }) => {
      const position = after === null ? [] : [`(${key}.${column}, ${key}.${id}) ${beyond} ${after}`];
      return `(${selectFor(reader)}, NULL AS driver, file.${column}::text AS "sortKey"
        FROM ${from} JOIN users owner ON owner.id = file.owner_id
        WHERE ${[where, ...shared, ...position].join(' AND ')}
        ORDER BY ${key}.${column} ${order}, ${key}.${id} ${order} LIMIT ${limit})`;
    });
    return this.database.query<ListedFile>(
      pages.length === 1
        ? pages[0]!
        : `SELECT * FROM (${pages.join(' UNION ALL ')}) page ORDER BY "${query.sort}" ${order}, id ${order} LIMIT ${limit}`,
      parameters,
    );
  }

  /** A file that is there and not over, locked until `tx` ends; null where there is none. */
  async lock(tx: Tx, id: string, now: Date): Promise<LockedFile | null> {
    const [file] = await this.database.query<LockedFile>(
      `SELECT owner_id AS "ownerId", name, revision, title, description, tags, visibility, expires_at AS "expiresAt",
         max_downloads AS "maxDownloads"
       FROM files WHERE id = $1 AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > $2) FOR UPDATE`,
      [id, now],
      tx,
    );
    return file ?? null;
  }

  /** Writes down what a file says of itself from now on, as a new revision. */
  async update(tx: Tx, id: string, to: Changeable, now: Date): Promise<void> {
    await this.database.query(
      `UPDATE files SET title = $2, description = $3, tags = $4, visibility = $5, expires_at = $6, max_downloads = $7,
         updated_at = $8, revision = revision + 1 WHERE id = $1`,
      [id, to.title, to.description, to.tags, to.visibility, to.expiresAt, to.maxDownloads, now],
      tx,
    );
  }

  /** Makes a file a tombstone and destroys its key. Null when it is one already, or has another revision than asked for. */
  async entomb(tx: Tx, id: string, revision: number | null, now: Date): Promise<BuriedFile | null> {
    const [row] = await this.database.query<BuriedFile>(
      `UPDATE files SET deleted_at = $3, updated_at = $3, wrapped_dek = NULL, revision = revision + 1
       WHERE id = $1 AND revision = coalesce($2::int, revision) AND deleted_at IS NULL RETURNING ${BURIED}`,
      [id, revision, now],
      tx,
    );
    return row ?? null;
  }

  /**
   * Does the same to some of the files whose time is over, by this process's clock and by the database's: a clock that
   * is wrong alone destroys nothing. Several sweepers share the work.
   */
  async entombExpired(tx: Tx, now: Date, limit: number): Promise<BuriedFile[]> {
    return this.database.query<BuriedFile>(
      `UPDATE files SET deleted_at = $1, updated_at = $1, wrapped_dek = NULL, revision = revision + 1
       WHERE id IN (SELECT id FROM files WHERE expires_at <= least($1, now()) AND deleted_at IS NULL
                    ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING ${BURIED}`,
      [now, limit],
      tx,
    );
  }

  /**
   * Some of the files that end before `until` and whose owners were not warned of that end, marked as warned of. What was
   * given less than twice that time to live is not warned of: its owner has just said so.
   */
  async warnExpiring(tx: Tx, now: Date, until: Date, limit: number): Promise<ExpiringFile[]> {
    return this.database.query<ExpiringFile>(
      `UPDATE files SET warned_of = expires_at
       WHERE id IN (SELECT id FROM files WHERE expires_at > $1 AND expires_at <= $2 AND deleted_at IS NULL
                      AND warned_of IS DISTINCT FROM expires_at AND updated_at < expires_at - 2 * ($2::timestamptz - $1::timestamptz)
                    ORDER BY expires_at LIMIT $3 FOR UPDATE SKIP LOCKED)
       RETURNING id, owner_id AS "ownerId", name, expires_at AS "expiresAt"`,
      [now, until, limit],
      tx,
    );
  }

  /** How many files are over and not ended, and how many there are; not counted where few are over. */
  async balance(now: Date, few: number): Promise<{ over: number; live: number }> {
    const over = 'SELECT FROM files WHERE expires_at <= least($1, now()) AND deleted_at IS NULL';
    const [row] = await this.database.query<{ over: number; live: number }>(
      `SELECT count(*)::int AS over, 0 AS live FROM (${over} LIMIT $2::int + 1) ended`,
      [now, few],
    );
    if (row!.over <= few) return row!;
    const [all] = await this.database.query<{ over: number; live: number }>(
      `SELECT (SELECT count(*)::int FROM (${over}) ended) AS over,
              (SELECT count(*)::int FROM files WHERE deleted_at IS NULL) AS live`,
      [now],
    );
    return all!;
  }

  /** Forgets tombstones older than that whose object is gone from the registry, and so from the store. */
  async forgetTombstones(before: Date, limit: number): Promise<number> {
    const rows = await this.database.query(
      `DELETE FROM files WHERE id IN (
         SELECT id FROM files file WHERE deleted_at < $1
           AND NOT EXISTS (SELECT FROM objects object WHERE object.key = file.object_key)
         ORDER BY deleted_at LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [before, limit],
    );
    return rows.length;
  }

  /** Keeps what was read off the bytes of this very object. No change that anybody is told of. */
  async keepChecksum({ id, objectKey }: Pick<FileRecord, 'id' | 'objectKey'>, crc32: number): Promise<void> {
    await this.database.query('UPDATE files SET crc32 = $3 WHERE id = $1 AND object_key = $2', [
      id,
      objectKey,
      crc32,
    ]);
  }

  /** Remembers that a file's object was found damaged; false when that is known, or the file is gone. */
  async markCorrupt(tx: Tx, id: string, objectKey: string): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE files SET status = 'corrupt', updated_at = now(), revision = revision + 1
       WHERE id = $1 AND object_key = $2 AND status = 'available' AND deleted_at IS NULL RETURNING id`,
      [id, objectKey],
      tx,
    );
    return rows.length > 0;
  }

  async isLive(id: string, tx?: Tx): Promise<boolean> {
    const rows = await this.database.query(
      'SELECT id FROM files WHERE id = $1 AND deleted_at IS NULL',
      [id],
      tx,
    );
    return rows.length > 0;
  }
}
