import type { Permission, Reader } from './file.policy';

export type SortKey = 'createdAt' | 'name' | 'size';

/** Of files and of grants alike. */
export const SORT_COLUMNS: Record<SortKey, { column: string; type: string }> = {
  createdAt: { column: 'created_at', type: 'timestamptz' },
  name: { column: 'name', type: 'text' },
  size: { column: 'size', type: 'bigint' },
};

/** Makes a value a parameter of the statement, and tells its name there. */
export type Bind = (value: unknown) => string;

/**
 * What everybody may read of a file. The owner's row is read here, beside the file's, because whether a file may be handed
 * out depends on it, for whole pages at a time and on fresh rows.
 */
const SELECT = `SELECT file.id, file.owner_id AS "ownerId", owner.full_name AS "ownerName",
    owner.disabled_at IS NULL AS "ownerActive", file.name, file.extension, file.media_type AS "mediaType",
    file.category, file.file_type AS "fileType", file.title, file.description, file.tags, file.chat_id AS "chatId",
    file.group_id AS "groupId", file.status, file.visibility, file.expires_at AS "expiresAt",
    file.max_downloads AS "maxDownloads", file.download_count AS "downloadCount", file.size, file.sha256, file.crc32,
    file.object_key AS "objectKey", file.object_version AS "objectVersion", file.wrapped_dek AS "wrappedDek",
    file.kek_id AS "kekId", file.revision, file.created_at AS "createdAt", file.updated_at AS "updatedAt",
    file.deleted_at AS "deletedAt"`;
const RECIPIENTS = `CASE WHEN file.visibility = 'restricted' THEN
    ARRAY(SELECT email::text FROM file_grants WHERE file_id = file.id ORDER BY email) ELSE '{}' END AS recipients`;
const NO_RECIPIENTS = 'NULL::text[] AS recipients';
/** The columns of a `FileRecord` for whoever may know all of it. */
export const SELECT_ALL = `${SELECT}, ${RECIPIENTS}`;

/** The columns of a `FileGlance`. */
export const SELECT_GLANCE = `SELECT file.id, file.owner_id AS "ownerId", owner.full_name AS "ownerName", file.revision,
    file.expires_at AS "expiresAt", file.download_count AS "downloadCount", file.deleted_at AS "deletedAt"`;

/** The columns of a `FileRecord`, for whoever is going to read it. */
export function selectFor({ role }: Reader): string {
  return `${SELECT}, ${role === 'client' ? NO_RECIPIENTS : RECIPIENTS}`;
}

/** The condition under which somebody may do this with `file` of `owner`. What is not permitted here is not permitted. */
export function permissionSql(reader: Reader, permission: Permission, bind: Bind): string {
  if (ownsFiles(reader)) return `file.owner_id = ${bind(reader.userId)}`;
  if (permission === 'read' && receivesFiles(reader)) {
    const granted = `SELECT FROM file_grants WHERE file_id = file.id AND email = ${bind(reader.email)}`;
    return `owner.disabled_at IS NULL AND (file.visibility = 'clients'
      OR (file.visibility = 'restricted' AND EXISTS (${granted})))`;
  }
  return 'false';
}

/** Where some of the files come from that somebody can have, and whose sort columns are to be looked at. */
export interface Source {
  from: string;
  where: string;
  key: string;
  id: string;
  /** What stands in its index on texts beside these: owners, or eras (`search_eras` of the schema); null where it has none. */
  texts: 'owners' | 'eras' | null;
}

/** Where the files are that `permissionSql` lets somebody read. No file is in two of them. */
export function sourcesFor(reader: Reader, bind: Bind): Source[] {
  const files = { from: 'files file', key: 'file', id: 'id' };
  if (ownsFiles(reader)) {
    return [{ ...files, where: `file.owner_id = ${bind(reader.userId)}`, texts: 'owners' }];
  }
  if (!receivesFiles(reader)) return [];
  return [
    { ...files, where: `file.visibility = 'clients'`, texts: 'eras' },
    {
      from: 'file_grants granted JOIN files file ON file.id = granted.file_id',
      key: 'granted',
      id: 'file_id',
      texts: null,
      where: `granted.email = ${bind(reader.email)} AND file.visibility = 'restricted'`,
    },
  ];
}

/**
 * What a file of those sources must be for a list to show it: there, not over, and of an account that is in use.
 *
 * @param ownerActive the condition for the latter, where the owner's row is not at hand as `owner`.
 */
export function listableSql(
  reader: Reader,
  bind: Bind,
  now: Date,
  ownerActive = 'owner.disabled_at IS NULL',
): string[] {
  if (!receivesFiles(reader)) return ['file.deleted_at IS NULL'];
  return [
    'file.deleted_at IS NULL',
    `(file.expires_at IS NULL OR file.expires_at > ${bind(now)})`,
    ownerActive,
  ];
}

function ownsFiles({ role }: Reader): boolean {
  return role === 'ops' || role === 'admin';
}

function receivesFiles({ role, emailVerified }: Reader): boolean {
  return role === 'client' && emailVerified;
}
