import { uuidv7 } from '@waybill/core/kernel';
import type { Database, Tx } from '@waybill/platform/database';
import { appendEvents } from '@waybill/platform/events';
import { holdWritten, publishObjects } from '@waybill/platform/objects';
import type { FileAttributes } from '../file.attributes';
import { publishFiles } from '../published-files-sql';

/** A file that was sealed, and whose object is durable. */
export interface SealedNewFile {
  fileId: string;
  ownerId: string;
  name: string;
  extension: string;
  mediaType: string;
  category: string;
  fileType: string | null;
  attributes: FileAttributes;
  size: number;
  sha256: Buffer;
  objectKey: string;
  objectVersion: number;
  wrappedDek: Buffer;
  kekId: string;
  sealedSize: number;
}

const PUBLISH = `WITH item AS (
    SELECT * FROM json_to_recordset($1::json) AS item (
      file_id uuid, owner_id uuid, name text, extension text, media_type text, category text, file_type text,
      attributes jsonb, size bigint, sha256 bytea, object_key text, object_version int, wrapped_dek bytea, kek_id text,
      sealed_size bigint, available_event uuid, granted_events uuid[])
  ), held AS MATERIALIZED (
    ${holdWritten('key IN (SELECT object_key FROM item)')}
  ), sealed AS MATERIALIZED (
    SELECT item.* FROM item JOIN held ON held.key = item.object_key
  ), published AS (
    ${publishObjects('sealed')}
  ), ${publishFiles('sealed')}, ${appendEvents('file_announced')}
  SELECT file_id FROM sealed`;

/** Makes a file visible as its sealing does; false when its object is not the writer's any more. */
export async function publishSealed(database: Database, tx: Tx, file: SealedNewFile): Promise<boolean> {
  const bytes = (value: Buffer): string => `\\x${value.toString('hex')}`;
  const item = {
    file_id: file.fileId,
    owner_id: file.ownerId,
    name: file.name,
    extension: file.extension,
    media_type: file.mediaType,
    category: file.category,
    file_type: file.fileType,
    attributes: file.attributes,
    size: file.size,
    sha256: bytes(file.sha256),
    object_key: file.objectKey,
    object_version: file.objectVersion,
    wrapped_dek: bytes(file.wrappedDek),
    kek_id: file.kekId,
    sealed_size: file.sealedSize,
    available_event: uuidv7(),
    granted_events: file.attributes.recipients.map(() => uuidv7()),
  };
  const rows = await database.query(PUBLISH, [JSON.stringify([item])], tx);
  return rows.length > 0;
}
