import { Injectable } from '@nestjs/common';
import { uuidv7 } from '@waybill/core/kernel';
import { chargeUsage } from '@waybill/features/files';
import { Database, fromNow, prepared, type Tx } from '@waybill/platform/database';
import { appendEvents } from '@waybill/platform/events';
import { holdWritten, publishObjects, registerObjects, withdrawObjects } from '@waybill/platform/objects';
import type { SealedPart } from './staging/staging-part';
import { MAY_UPLOAD, type Writer } from './upload.repository';

/** What is to become true together. */
export interface PartCommit {
  writer: Writer;
  ownerId: string;
  /** Durable, one after the other; none where all were committed before, and the upload is only received. */
  parts: readonly SealedPart[];
  /** Null where the writer leaves: nobody writes then, until the next one takes the lease. */
  leaseMs: number | null;
  /** Bytes that users may store who have no limit of their own. */
  quotaBytes: number | null;
  /** An object to be registered for the part that comes next. */
  next: { key: string; driver: string; leaseMs: number } | null;
  /** What the upload says of its file, when these are its last bytes. */
  received: { attributes: unknown; fileType: string | null } | null;
  /** Objects that were registered and will not be written. */
  unused: readonly string[];
}

/** What was found. Only where all of it holds has anything been done. */
export interface PartCommitOutcome {
  /** The owner may still upload. */
  allowed: boolean;
  /** The upload takes bytes. */
  open: boolean;
  /** Its writer is still this one, and its offset where the parts begin. */
  mine: boolean;
  /** The objects are still the writer's. */
  kept: boolean;
  /** There was room for the bytes. */
  charged: boolean;
}

/**
 * Everything is looked at, and locked, before anything is changed, always in this order: owner, upload, objects, quota.
 * The owner's row is held until the commit, so that what is committed comes before anything that takes the permission
 * away: once that has been answered, nothing more of his is taken.
 */
const COMMIT_PARTS = prepared(
  'commit-parts',
  `WITH owner AS MATERIALIZED (
     SELECT id, coalesce(quota_bytes, $4::bigint) AS quota FROM users WHERE id = $3::uuid AND ${MAY_UPLOAD} FOR SHARE
   ), upload AS MATERIALIZED (
     SELECT status = 'uploading' AS open,
            writer_epoch = $2::int AND ($5::bigint IS NULL OR offset_bytes = $5) AS mine
     FROM uploads WHERE id = $1::uuid AND EXISTS (SELECT FROM owner) FOR NO KEY UPDATE
   ), part AS MATERIALIZED (
     SELECT * FROM unnest($6::text[], $7::bigint[], $8::bigint[], $9::bigint[])
                     AS part (object_key, offset_bytes, size_bytes, sealed_size)
   ), held AS MATERIALIZED (
     ${holdWritten('key = ANY($6) AND EXISTS (SELECT FROM upload WHERE open AND mine)')}
   ), due AS MATERIALIZED (
     SELECT owner.id AS user_id, $10::bigint AS bytes, owner.quota FROM owner, upload
     WHERE upload.open AND upload.mine AND (SELECT count(*) FROM held) = cardinality($6)
   ), charged AS (
     ${chargeUsage('due')}
   ), moved AS (
     UPDATE uploads
     SET offset_bytes = uploads.offset_bytes + $10, part_count = part_count + cardinality($6), updated_at = now(),
         lease_until = ${fromNow(11)}, slot = CASE WHEN $11::float8 IS NULL THEN NULL ELSE slot END,
         yield_asked = yield_asked AND $11 IS NOT NULL,
         status = CASE WHEN $12::boolean THEN 'received' ELSE status END,
         total_bytes = CASE WHEN $12 THEN uploads.offset_bytes + $10 ELSE total_bytes END,
         received_at = CASE WHEN $12 THEN now() ELSE received_at END,
         attributes = CASE WHEN $12 THEN $13::jsonb ELSE attributes END,
         file_type = coalesce($14::text, file_type)
     FROM charged WHERE uploads.id = $1
     RETURNING uploads.id, file_id, owner_id, file_name, offset_bytes
   ), sealed AS (
     SELECT part.*, moved.id FROM part, moved
   ), published AS (
     ${publishObjects('sealed')}
   ), added AS (
     INSERT INTO upload_parts (upload_id, offset_bytes, size_bytes, object_key)
     SELECT id, offset_bytes, size_bytes, object_key FROM sealed
   ), next AS (
     SELECT $15::text AS object_key, $16::text AS driver FROM moved WHERE $15 IS NOT NULL
   ), registered AS (
     ${registerObjects('next', fromNow(17))}
   ), unused AS (
     SELECT object_key FROM unnest($18::text[]) AS unused (object_key), moved
   ), withdrawn AS (
     ${withdrawObjects('unused')}
   ), announced AS (
     SELECT $19::uuid AS event_id, 'upload.received' AS type, owner_id AS actor_id, owner_id, id AS subject_id,
            jsonb_build_object('uploadId', id, 'fileId', file_id, 'fileName', file_name, 'size', offset_bytes) AS data
     FROM moved WHERE $12
   ), ${appendEvents('announced')}
   SELECT EXISTS (SELECT FROM owner) AS allowed, coalesce((SELECT open FROM upload), false) AS open,
          coalesce((SELECT mine FROM upload), false) AS mine,
          (SELECT count(*) FROM held) = cardinality($6) AS kept, EXISTS (SELECT FROM charged) AS charged`,
);

/** Durable bytes become part of their upload, all of them or none, in one statement. */
@Injectable()
export class PartCommitRepository {
  constructor(private readonly database: Database) {}

  async commit(commit: PartCommit, tx?: Tx): Promise<PartCommitOutcome> {
    const { writer, parts, next, received } = commit;
    const [outcome] = await this.database.execute<PartCommitOutcome>(
      COMMIT_PARTS,
      [
        writer.uploadId,
        writer.epoch,
        commit.ownerId,
        commit.quotaBytes,
        parts[0]?.offset ?? null,
        parts.map(({ key }) => key),
        parts.map(({ offset }) => offset),
        parts.map(({ size }) => size),
        parts.map(({ sealedSize }) => sealedSize),
        parts.reduce((sum, { size }) => sum + size, 0),
        commit.leaseMs,
        received !== null,
        received && JSON.stringify(received.attributes),
        received?.fileType ?? null,
        next?.key ?? null,
        next?.driver ?? null,
        next?.leaseMs ?? null,
        commit.unused,
        uuidv7(),
      ],
      tx,
    );
    return outcome!;
  }
}
