import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@waybill/platform/database';
import type { FileAttributes } from './file.attributes';
import type { FileCategory, FileStatus, FileType } from './file.entity';
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
}

/** A file that was just sealed. */
export interface NewFile {
  fileId: string;
  ownerId: string;
  name: string;
  extension: string;
  mediaType: string;
  category: FileCategory;
  fileType: FileType | null;
  attributes: FileAttributes;
  /** Bytes of plaintext. */
  size: number;
  sha256: Buffer;
  objectKey: string;
  objectVersion: number;
  wrappedDek: Buffer;
  kekId: string;
}

/** What is left to tell of a file when it goes. */
export interface BuriedFile {
  id: string;
  ownerId: string;
  name: string;
  size: number;
  objectKey: string;
}

export const SORT_KEYS = ['createdAt', 'name', 'size'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

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

const SORT_COLUMNS: Record<SortKey, { column: string; type: string }> = {
  createdAt: { column: 'file.created_at', type: 'timestamptz' },
  name: { column: 'file.name', type: 'text' },
  size: { column: 'file.size', type: 'bigint' },
};

/**
 * The columns of a `FileRecord`. The owner's row is read here, beside the file's, because whether a file may be handed
 * out depends on it, for whole pages at a time and on fresh rows.
 */
const SELECT = `SELECT file.id, file.owner_id AS "ownerId", owner.full_name AS "ownerName",
    owner.disabled_at IS NULL AS "ownerActive", file.name, file.extension, file.media_type AS "mediaType",
    file.category, file.file_type AS "fileType", file.title, file.description, file.tags, file.chat_id AS "chatId",
    file.group_id AS "groupId", file.status, file.visibility, file.expires_at AS "expiresAt",
    file.max_downloads AS "maxDownloads", file.download_count AS "downloadCount", file.size, file.sha256,
    file.object_key AS "objectKey", file.object_version AS "objectVersion", file.wrapped_dek AS "wrappedDek",
    file.kek_id AS "kekId", file.revision, file.created_at AS "createdAt", file.updated_at AS "updatedAt",
    file.deleted_at AS "deletedAt"`;
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
    return this.database.query<FileRecord>(
      `${SELECT}, object.driver
       FROM files file JOIN users owner ON owner.id = file.owner_id LEFT JOIN objects object ON object.key = file.object_key
       WHERE file.id = ANY($1::uuid[]) AND (file.deleted_at IS NULL OR file.expires_at <= file.deleted_at)
         AND ${permissionSql(reader, permission, parameters)}`,
      parameters,
    );
  }

  /** A page of the files that somebody can have: own ones for who owns files, else what is available to him. */
  async list(reader: Reader, query: ListQuery, now: Date): Promise<ListedFile[]> {
    const { column, type } = SORT_COLUMNS[query.sort];
    const parameters: unknown[] = [];
    const bind = (value: unknown): string => `$${parameters.push(value)}`;
    const conditions = [permissionSql(reader, 'read', parameters), 'file.deleted_at IS NULL'];
    if (reader.role === 'client')
      conditions.push(`(file.expires_at IS NULL OR file.expires_at > ${bind(now)})`);
    if (query.status !== undefined) conditions.push(`file.status = ${bind(query.status)}`);
    if (query.chatId !== undefined) conditions.push(`file.chat_id = ${bind(query.chatId)}`);
    if (query.groupId !== undefined) conditions.push(`file.group_id = ${bind(query.groupId)}`);
    if (query.after !== null) {
      const position = `(${bind(query.after.key)}::${type}, ${bind(query.after.id)}::uuid)`;
      conditions.push(`(${column}, file.id) ${query.descending ? '<' : '>'} ${position}`);
    }
    const order = query.descending ? 'DESC' : 'ASC';
    return this.database.query<ListedFile>(
      `${SELECT}, NULL AS driver, ${column}::text AS "sortKey"
       FROM files file JOIN users owner ON owner.id = file.owner_id
       WHERE ${conditions.join(' AND ')} ORDER BY ${column} ${order}, file.id ${order} LIMIT ${bind(query.limit)}`,
      parameters,
    );
  }

  async insert(tx: Tx, file: NewFile): Promise<void> {
    const { attributes } = file;
    await this.database.query(
      `INSERT INTO files (id, owner_id, name, extension, media_type, category, file_type, title, description, tags,
         visibility, expires_at, max_downloads, size, sha256, object_key, object_version, wrapped_dek, kek_id)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
      [
        file.fileId,
        file.ownerId,
        file.name,
        file.extension,
        file.mediaType,
        file.category,
        file.fileType,
        attributes.title,
        attributes.description,
        attributes.tags,
        attributes.visibility,
        attributes.expiresAt,
        attributes.maxDownloads,
        file.size,
        file.sha256,
        file.objectKey,
        file.objectVersion,
        file.wrappedDek,
        file.kekId,
      ],
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

/** The condition under which somebody may do this with `file` of `owner`. What is not permitted here is not permitted. */
function permissionSql(reader: Reader, permission: Permission, parameters: unknown[]): string {
  if (reader.role === 'ops' || reader.role === 'admin')
    return `file.owner_id = $${parameters.push(reader.userId)}`;
  if (permission === 'read' && reader.role === 'client' && reader.emailVerified) {
    return `file.visibility = 'clients' AND owner.disabled_at IS NULL`;
  }
  return 'false';
}
