import { Injectable } from '@nestjs/common';
import { chargeUsage } from '@waybill/features/files';
import { AppConfig } from '@waybill/platform/config';
import { Database, prepared } from '@waybill/platform/database';
import { appendEvents } from '@waybill/platform/events';
import { holdWritten, publishObjects } from '@waybill/platform/objects';
import { MAY_UPLOAD, type NewUpload } from '../upload.repository';

/** An upload whose bytes are all durable, in one object, before there is a row of it. */
export interface WholeUpload extends Omit<NewUpload, 'clientMetadata' | 'totalBytes'> {
  /** Of plaintext. */
  sizeBytes: number;
  /** In the store. */
  sealedSize: number;
  objectKey: string;
  createdEvent: string;
  receivedEvent: string;
}

/**
 * Makes many uploads that have come whole: rows, parts, objects, quota and events, in one statement and so with one
 * commit. Locks are taken in the order in which single parts are committed (`PartCommitRepository`), owners and objects
 * by their keys. An upload takes no slot, for it does not run; where none is free, it has to wait like those that do.
 */
const RECEIVE_WHOLE = prepared(
  'receive-whole-uploads',
  `WITH item AS MATERIALIZED (
     SELECT * FROM json_to_recordset($1::json) AS item (
       "id" uuid, "fileId" uuid, "ownerId" uuid, "door" text, "fileName" text, "extension" text, "mediaType" text,
       "category" text, "fileType" text, "attributes" jsonb, "sizeBytes" bigint, "wrappedDek" text, "kekId" text,
       "objectKey" text, "sealedSize" bigint, "createdEvent" uuid, "receivedEvent" uuid)
   ), owner AS MATERIALIZED (
     SELECT id, coalesce(quota_bytes, $2::bigint) AS quota FROM users
     WHERE id IN (SELECT "ownerId" FROM item) AND ${MAY_UPLOAD} ORDER BY id FOR SHARE
   ), held AS MATERIALIZED (
     ${holdWritten('key IN (SELECT "objectKey" FROM item) AND EXISTS (SELECT FROM owner)')}
   ), admitted AS MATERIALIZED (
     SELECT item.*, owner.quota
     FROM item JOIN owner ON owner.id = item."ownerId" JOIN held ON held.key = item."objectKey"
     WHERE (SELECT count(*) FROM uploads running WHERE running.owner_id = item."ownerId" AND running.slot IS NOT NULL
                                                   AND running.status = 'uploading') < $3::int
   ), due AS MATERIALIZED (
     SELECT "ownerId" AS user_id, sum("sizeBytes")::bigint AS bytes, max(quota) AS quota FROM admitted GROUP BY 1
   ), charged AS (
     ${chargeUsage('due')}
   ), whole AS MATERIALIZED (
     SELECT admitted.*, "objectKey" AS object_key, "sealedSize" AS sealed_size
     FROM admitted JOIN charged ON charged.user_id = admitted."ownerId"
   ), received AS (
     INSERT INTO uploads (id, file_id, owner_id, door, status, file_name, extension, media_type, category, file_type,
                          attributes, total_bytes, offset_bytes, part_count, wrapped_dek, kek_id, received_at,
                          validated_at)
     SELECT "id", "fileId", "ownerId", "door", 'received', "fileName", "extension", "mediaType", "category", "fileType",
            "attributes", "sizeBytes", "sizeBytes", 1, decode("wrappedDek", 'base64'), "kekId", now(), now()
     FROM whole
   ), published AS (
     ${publishObjects('whole')}
   ), added AS (
     INSERT INTO upload_parts (upload_id, offset_bytes, size_bytes, object_key)
     SELECT "id", 0, "sizeBytes", object_key FROM whole
   ), told AS (
     SELECT "ownerId" AS actor_id, "ownerId" AS owner_id, "id" AS subject_id, "createdEvent", "receivedEvent",
            jsonb_build_object('uploadId', "id", 'fileId', "fileId", 'fileName', "fileName") AS data,
            "sizeBytes" AS size
     FROM whole
   ), announced AS (
     SELECT "createdEvent" AS event_id, 'upload.created' AS type, actor_id, owner_id, subject_id, data FROM told
     UNION ALL
     SELECT "receivedEvent", 'upload.received', actor_id, owner_id, subject_id,
            data || jsonb_build_object('size', size) FROM told
   ), ${appendEvents('announced')}
   SELECT "id" FROM whole`,
);

@Injectable()
export class WholeUploadRepository {
  constructor(
    private readonly database: Database,
    private readonly config: AppConfig,
  ) {}

  /**
   * Answers the ids of those that were received. The others were not, whose owner has no room for all of his or runs
   * too many uploads or may not upload any more, or whose object was swept.
   */
  async receive(uploads: readonly WholeUpload[]): Promise<ReadonlySet<string>> {
    const { userQuotaBytes, concurrency } = this.config.uploads;
    const items = uploads.map((upload) => ({ ...upload, wrappedDek: upload.wrappedDek.toString('base64') }));
    const rows = await this.database.execute<{ id: string }>(RECEIVE_WHOLE, [
      JSON.stringify(items),
      userQuotaBytes,
      concurrency.perUser,
    ]);
    return new Set(rows.map(({ id }) => id));
  }
}
