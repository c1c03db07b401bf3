import { Injectable } from '@nestjs/common';
import { AppError, uuidv7 } from '@waybill/core/kernel';
import { publishFiles, type FileAttributes } from '@waybill/features/files';
import { Database, prepared, SharedStatement } from '@waybill/platform/database';
import { appendEvents } from '@waybill/platform/events';
import { buryObjects, holdWritten, publishObjects } from '@waybill/platform/objects';
import type { UploadRow } from '../upload.repository';
import { Superseded } from './superseded';

/** How many files are published at a time. */
const MOST_TOGETHER = 64;
/** Those that are sealed together become durable one soon after the other. */
const REST_MS = 5;

/** A sealed object, which is durable, and the upload that it is to make a file of. */
export interface SealedUpload {
  upload: UploadRow;
  objectKey: string;
  /** In the store. */
  sealedSize: number;
  sha256: Buffer;
  wrappedDek: Buffer;
  kekId: string;
}

/** What was found of an upload; only where it is kept has anything been done. */
interface Found {
  id: string;
  attempt: number;
  /** The object is still its writer's. */
  kept: boolean;
}

/**
 * Files, objects, staging and events of many uploads, in one statement and so with one commit. Each is fenced by its own
 * attempt: who was cancelled, or is claimed by another, is left out, and the others are made. Locks are taken in the order
 * in which parts are committed (`PartCommitRepository`): uploads by their ids, then objects by their keys.
 */
const PUBLISH = prepared(
  'publish-sealed',
  `WITH item AS MATERIALIZED (
     SELECT * FROM json_to_recordset($1::json) AS item (
       "uploadId" uuid, "attempt" int, "objectKey" text, "sealedSize" bigint, "sha256" text, "wrappedDek" text, "kekId" text,
       "availableEvent" uuid, "grantedEvents" uuid[], "completedEvent" uuid)
   ), mine AS MATERIALIZED (
     SELECT id AS upload_id, file_id, owner_id, file_name AS name, extension, media_type, category, file_type, attributes,
            offset_bytes AS size, "objectKey" AS object_key, uploads.attempt AS object_version,
            "sealedSize" AS sealed_size, decode("sha256", 'base64') AS sha256,
            decode("wrappedDek", 'base64') AS wrapped_dek, "kekId" AS kek_id, "availableEvent" AS available_event,
            "grantedEvents" AS granted_events, "completedEvent" AS completed_event
     FROM uploads JOIN item ON "uploadId" = id AND item.attempt = uploads.attempt
     WHERE status = 'encrypting' ORDER BY id FOR NO KEY UPDATE OF uploads
   ), held AS MATERIALIZED (
     ${holdWritten('key IN (SELECT object_key FROM mine)')}
   ), sealed AS MATERIALIZED (
     SELECT mine.* FROM mine JOIN held ON held.key = mine.object_key
   ), completed AS (
     UPDATE uploads SET status = 'completed', completed_at = now(), updated_at = now(), lease_until = NULL,
                        retry_at = NULL, wrapped_dek = NULL
     FROM sealed WHERE uploads.id = sealed.upload_id
   ), published AS (
     ${publishObjects('sealed')}
   ), ${publishFiles('sealed')}, staged AS (
     DELETE FROM upload_parts part USING sealed WHERE part.upload_id = sealed.upload_id RETURNING part.object_key
   ), buried AS (
     ${buryObjects('staged')}
   ), announced AS (
     SELECT * FROM file_announced
     UNION ALL
     SELECT completed_event, 'upload.completed', NULL, owner_id, upload_id,
            jsonb_build_object('uploadId', upload_id, 'fileId', file_id, 'fileName', name, 'size', size)
     FROM sealed
   ), ${appendEvents('announced')}
   SELECT upload_id AS id, object_version AS attempt, EXISTS (SELECT FROM held WHERE held.key = mine.object_key) AS kept FROM mine`,
);

/** Makes files of what is sealed. Who is ready at about the same time shares the statement. */
@Injectable()
export class Publications {
  private readonly publications: SharedStatement<SealedUpload, Found | undefined>;

  constructor(private readonly database: Database) {
    this.publications = new SharedStatement((sealed) => this.publishAll(sealed), MOST_TOGETHER, REST_MS);
  }

  /**
   * Makes the file visible, and its staging dead.
   *
   * @throws Superseded when the attempt is not the newest any more, or the upload was cancelled.
   * @throws AppError `CONFLICT` when the object is not the writer's to publish any more.
   */
  async publish(sealed: SealedUpload): Promise<void> {
    const found = await this.publications.ask(sealed);
    if (found === undefined) throw new Superseded();
    if (!found.kept) throw new AppError('CONFLICT', 'The sealed object was given up meanwhile.');
  }

  private async publishAll(sealed: readonly SealedUpload[]): Promise<(Found | undefined)[]> {
    const rows = await this.database.execute<Found>(PUBLISH, [JSON.stringify(sealed.map(itemOf))]);
    const found = new Map(rows.map((row) => [row.id, row]));
    return sealed.map(({ upload: { id, attempt } }) => {
      const row = found.get(id);
      return row?.attempt === attempt ? row : undefined;
    });
  }
}

/** The ids of the events grow in the order in which they are to be told. */
function itemOf({ upload, sha256, wrappedDek, ...object }: SealedUpload): object {
  const { recipients = [] } = upload.attributes as Partial<FileAttributes>;
  return {
    ...object,
    uploadId: upload.id,
    attempt: upload.attempt,
    sha256: sha256.toString('base64'),
    wrappedDek: wrappedDek.toString('base64'),
    availableEvent: uuidv7(),
    grantedEvents: recipients.map(() => uuidv7()),
    completedEvent: uuidv7(),
  };
}
