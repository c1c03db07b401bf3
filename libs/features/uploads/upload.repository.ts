import { Injectable } from '@nestjs/common';
import { uuidv7 } from '@waybill/core/kernel';
import { Database, fromNow, prepared, type Tx } from '@waybill/platform/database';
import { appendEvents } from '@waybill/platform/events';
import { registerObjects } from '@waybill/platform/objects';
import type { Upload, UploadDoor } from './upload.entity';
import { freeSlot } from './upload-slots';

export type UploadRow = Omit<Upload, 'attributes' | 'slot'> & { attributes: unknown };

/** A durable part, and the store that holds it. */
export interface PartRow {
  offsetBytes: number;
  sizeBytes: number;
  objectKey: string;
  driver: string;
  sealedSize: number;
}

/** Who may add to an upload: of several requests, the newest (`writer_epoch`). */
export interface Writer {
  uploadId: string;
  epoch: number;
}

export interface NewUpload {
  id: string;
  fileId: string;
  ownerId: string;
  door: UploadDoor;
  fileName: string;
  extension: string;
  mediaType: string;
  category: string;
  fileType: string | null;
  attributes: unknown;
  totalBytes: number | null;
  clientMetadata: string | null;
  wrappedDek: Buffer;
  kekId: string;
}

/** SQL for a condition on `users`: who may upload now. */
export const MAY_UPLOAD = `disabled_at IS NULL AND role IN ('ops', 'admin')`;

/** What a statement answers of an upload. */
export const UPLOAD_COLUMNS = `id, file_id AS "fileId", owner_id AS "ownerId", door, status, failure_code AS "failureCode",
  file_name AS "fileName", extension, media_type AS "mediaType", category, file_type AS "fileType", attributes,
  total_bytes AS "totalBytes", offset_bytes AS "offsetBytes", part_count AS "partCount",
  wrapped_dek AS "wrappedDek", kek_id AS "kekId", attempt, failures, deaths, lease_until AS "leaseUntil",
  writer_epoch AS "writerEpoch", yield_asked AS "yieldAsked", client_metadata AS "clientMetadata",
  retry_at AS "retryAt", created_at AS "createdAt", updated_at AS "updatedAt", received_at AS "receivedAt",
  validated_at AS "validatedAt", completed_at AS "completedAt", cancelled_at AS "cancelledAt"`;

const INSERT_UPLOAD = prepared(
  'insert-upload',
  `WITH begun AS (
     INSERT INTO uploads (id, file_id, owner_id, door, file_name, extension, media_type, category, file_type,
                          attributes, total_bytes, client_metadata, wrapped_dek, kek_id, lease_until, slot)
     SELECT $1::uuid, $2::uuid, $3::uuid, $4, $5, $6, $7, $8, $9, $10::jsonb, $11::bigint, $12, $13::bytea, $14,
            ${fromNow(15)}, free.slot
     FROM (SELECT CASE WHEN $15::float8 IS NOT NULL THEN ${freeSlot('$3::uuid', '$16')} END AS slot) free
     WHERE $15::float8 IS NULL OR free.slot IS NOT NULL
     ON CONFLICT (owner_id, slot) WHERE status = 'uploading' AND slot IS NOT NULL DO NOTHING
     RETURNING id, file_id, owner_id, file_name
   ), first AS (
     SELECT $17::text AS object_key, $18::text AS driver FROM begun WHERE $17 IS NOT NULL
   ), registered AS (
     ${registerObjects('first', fromNow(15))}
   ), announced AS (
     SELECT $19::uuid AS event_id, 'upload.created' AS type, owner_id AS actor_id, owner_id, id AS subject_id,
            jsonb_build_object('uploadId', id, 'fileId', file_id, 'fileName', file_name) AS data
     FROM begun
   ), ${appendEvents('announced')}
   SELECT id FROM begun`,
);

const FIND = prepared('find-upload', `SELECT ${UPLOAD_COLUMNS} FROM uploads WHERE id = $1`);

const PARTS = prepared(
  'parts-of-upload',
  `SELECT part.offset_bytes AS "offsetBytes", part.size_bytes AS "sizeBytes", part.object_key AS "objectKey",
              object.driver, object.size AS "sealedSize"
       FROM upload_parts part JOIN objects object ON object.key = part.object_key
       WHERE part.upload_id = $1 ORDER BY part.offset_bytes`,
);

const MARK_VALIDATED = prepared(
  'mark-upload-validated',
  `UPDATE uploads SET validated_at = now(), updated_at = now(), lease_until = NULL
       WHERE id = $1 AND status = 'received' AND validated_at IS NULL RETURNING ${UPLOAD_COLUMNS}`,
);

const DELETE_PARTS = prepared('delete-parts-of-upload', 'DELETE FROM upload_parts WHERE upload_id = $1');

/**
 * The statements that uploads live by. Each change of state is one guarded UPDATE that says from which state it leads;
 * whoever finds no row has lost the race and must not go on.
 */
@Injectable()
export class UploadRepository {
  constructor(private readonly database: Database) {}

  /**
   * Makes the row of an upload, registers the object of its first part, and tells of it.
   *
   * @param written null where nobody writes yet: then it takes no slot.
   * @param slots how many running uploads the owner may have.
   * @returns false when he has as many, or another was faster to get the slot that was free.
   */
  async insert(
    upload: NewUpload,
    written: { leaseMs: number; firstPart: { key: string; driver: string } } | null,
    slots: number,
    tx?: Tx,
  ): Promise<boolean> {
    const rows = await this.database.execute(
      INSERT_UPLOAD,
      [
        upload.id,
        upload.fileId,
        upload.ownerId,
        upload.door,
        upload.fileName,
        upload.extension,
        upload.mediaType,
        upload.category,
        upload.fileType,
        JSON.stringify(upload.attributes),
        upload.totalBytes,
        upload.clientMetadata,
        upload.wrappedDek,
        upload.kekId,
        written?.leaseMs ?? null,
        slots,
        written?.firstPart.key ?? null,
        written?.firstPart.driver ?? null,
        uuidv7(),
      ],
      tx,
    );
    return rows.length > 0;
  }

  async find(id: string, tx?: Tx): Promise<UploadRow | null> {
    const [row] = await this.database.execute<UploadRow>(FIND, [id], tx);
    return row ?? null;
  }

  async findOwned(id: string, ownerId: string): Promise<UploadRow | null> {
    const row = await this.find(id);
    return row?.ownerId === ownerId ? row : null;
  }

  /** Whether a file is still an upload of that user: not there yet, but to be. */
  async isPending(fileId: string, ownerId: string): Promise<boolean> {
    const rows = await this.database.query(
      `SELECT 1 FROM uploads WHERE file_id = $1 AND owner_id = $2 AND status IN ('uploading', 'received', 'encrypting')`,
      [fileId, ownerId],
    );
    return rows.length > 0;
  }

  /** The parts in the order of their bytes. */
  async parts(uploadId: string, tx?: Tx): Promise<PartRow[]> {
    return this.database.execute<PartRow>(PARTS, [uploadId], tx);
  }

  /** Those of these users who may upload now. */
  async thoseWhoMayUpload(ownerIds: readonly string[]): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT id FROM users WHERE id = ANY($1) AND ${MAY_UPLOAD}`,
      [ownerIds],
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Tells of many writers at once that they live; answers the uploads that are still theirs. One who has left meanwhile
   * has no lease, and gets none: it would keep the next one waiting.
   */
  async renew(writers: readonly Writer[], leaseMs: number): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `UPDATE uploads SET lease_until = ${fromNow(3)}
       FROM unnest($1::uuid[], $2::int[]) AS writer (upload_id, epoch)
       WHERE id = writer.upload_id AND writer_epoch = writer.epoch AND status = 'uploading'
         AND lease_until IS NOT NULL RETURNING id`,
      [writers.map(({ uploadId }) => uploadId), writers.map(({ epoch }) => epoch), leaseMs],
    );
    return rows.map(({ id }) => id);
  }

  /** The content is what its name says: ready to be sealed. Null when it was so before, or is not received. */
  async markValidated(id: string): Promise<UploadRow | null> {
    const [row] = await this.database.execute<UploadRow>(MARK_VALIDATED, [id]);
    return row ?? null;
  }

  /** Ends an upload as `failed`; null when it had ended, or moved on, before. */
  async fail(tx: Tx, id: string, failureCode: string): Promise<UploadRow | null> {
    const [row] = await this.database.query<UploadRow>(
      `UPDATE uploads SET status = 'failed', failure_code = $2, updated_at = now(), lease_until = NULL,
                          wrapped_dek = NULL
       WHERE id = $1 AND status IN ('uploading', 'received') RETURNING ${UPLOAD_COLUMNS}`,
      [id, failureCode],
      tx,
    );
    return row ?? null;
  }

  /**
   * Ends as `INTERRUPTED` an upload whose bytes came with one request that is gone. Null when that request lives after
   * all: it may have given a sign of life, or have come to its end, since somebody looked.
   */
  async interrupt(tx: Tx, id: string): Promise<UploadRow | null> {
    const [row] = await this.database.query<UploadRow>(
      `UPDATE uploads SET status = 'failed', failure_code = 'INTERRUPTED', updated_at = now(), lease_until = NULL,
                          wrapped_dek = NULL
       WHERE id = $1 AND status = 'uploading' AND door <> 'tus' AND lease_until < now() RETURNING ${UPLOAD_COLUMNS}`,
      [id],
      tx,
    );
    return row ?? null;
  }

  /** Ends as `EXPIRED` a tus upload that nobody has added to for so long; null when somebody has, or does just now. */
  async expire(tx: Tx, id: string, idleMs: number): Promise<UploadRow | null> {
    const [row] = await this.database.query<UploadRow>(
      `UPDATE uploads SET status = 'failed', failure_code = 'EXPIRED', updated_at = now(), lease_until = NULL,
                          wrapped_dek = NULL
       WHERE id = $1 AND status = 'uploading' AND door = 'tus' AND updated_at < now() - $2 * interval '1 millisecond'
         AND (lease_until IS NULL OR lease_until < now()) RETURNING ${UPLOAD_COLUMNS}`,
      [id, idleMs],
      tx,
    );
    return row ?? null;
  }

  /** Ends an upload as `cancelled`, wherever it stands; null when it had ended before. */
  async cancel(tx: Tx, id: string): Promise<UploadRow | null> {
    const [row] = await this.database.query<UploadRow>(
      `UPDATE uploads SET status = 'cancelled', cancelled_at = now(), updated_at = now(), lease_until = NULL,
                          wrapped_dek = NULL
       WHERE id = $1 AND status IN ('uploading', 'received', 'encrypting')
       RETURNING ${UPLOAD_COLUMNS}`,
      [id],
      tx,
    );
    return row ?? null;
  }

  /** Ends an upload of an account that was deleted, also one whose bytes were kept for another sealing. */
  async abandon(tx: Tx, id: string): Promise<UploadRow | null> {
    const [row] = await this.database.query<UploadRow>(
      `UPDATE uploads SET status = 'cancelled', failure_code = NULL, cancelled_at = now(), updated_at = now(),
                          lease_until = NULL, retry_at = NULL, wrapped_dek = NULL
       WHERE id = $1 AND (status IN ('uploading', 'received', 'encrypting')
                          OR (status = 'failed' AND wrapped_dek IS NOT NULL))
       RETURNING ${UPLOAD_COLUMNS}`,
      [id],
      tx,
    );
    return row ?? null;
  }

  /** Uploads that hold bytes for an account that was deleted. */
  async ofDeparted(limit: number): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT upload.id FROM users owner JOIN uploads upload ON upload.owner_id = owner.id
       WHERE owner.deleted_at IS NOT NULL AND upload.wrapped_dek IS NOT NULL LIMIT $1`,
      [limit],
    );
    return rows.map(({ id }) => id);
  }

  async deleteParts(tx: Tx, uploadId: string): Promise<void> {
    await this.database.execute(DELETE_PARTS, [uploadId], tx);
  }
}
