import { Injectable } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';
import { Database, fromNow, prepared, SharedStatement } from '@waybill/platform/database';
import { registerObjects } from '@waybill/platform/objects';
import { ObjectStores } from '@waybill/platform/storage';
import { UPLOAD_COLUMNS, type PartRow, type UploadRow } from '../upload.repository';
import { SEALABLE } from './sealable';
import { vaultKeySql } from './vault-key';

/** How many uploads are claimed at a time. */
const MOST_TOGETHER = 64;

/** An upload as it stands for the attempt that it was claimed for, whose object is registered; and where its bytes are. */
export interface ClaimedUpload {
  upload: UploadRow;
  parts: PartRow[];
}

type ClaimedRow = UploadRow & { parts: PartRow[] };

/**
 * An attempt before this one that said nothing more is counted: the content may be what kills its workers. The object is
 * registered in the commit of the claim, so its first byte waits for no other. Rows are locked in the order of their ids,
 * so that those who claim and publish the same ones wait for each other in turn.
 */
const CLAIM = prepared(
  'claim-sealings',
  `WITH asked AS MATERIALIZED (
     SELECT * FROM unnest($1::uuid[], $2::int[]) AS asked (upload_id, last_attempt)
   ), due AS MATERIALIZED (
     SELECT id FROM uploads JOIN asked ON upload_id = id AND last_attempt = attempt
     WHERE ${SEALABLE} ORDER BY id FOR NO KEY UPDATE OF uploads
   ), claimed AS (
     UPDATE uploads SET status = 'encrypting', attempt = attempt + 1, lease_until = ${fromNow(4)}, updated_at = now(),
                        deaths = deaths + (status = 'encrypting')::int
     WHERE id IN (SELECT id FROM due) RETURNING ${UPLOAD_COLUMNS}
   ), object AS (
     SELECT ${vaultKeySql('"fileId"', 'attempt')} AS object_key, $3::text AS driver FROM claimed
   ), registered AS (
     ${registerObjects('object', fromNow(4))}
   )
   SELECT claimed.*, (
     SELECT coalesce(json_agg(json_build_object(
              'offsetBytes', part.offset_bytes, 'sizeBytes', part.size_bytes, 'objectKey', part.object_key,
              'driver', stored.driver, 'sealedSize', stored.size) ORDER BY part.offset_bytes), '[]')
     FROM upload_parts part
     JOIN LATERAL (SELECT driver, size FROM objects WHERE key = part.object_key LIMIT 1) stored ON true
     WHERE part.upload_id = claimed.id
   ) AS parts
   FROM claimed`,
);

/**
 * Claims uploads for a sealing. The attempt is the fence: it grows with every claim, is part of the object's key and of
 * its associated data, and only the newest can publish; so a worker that was taken for dead can neither win late nor
 * touch the winner's object. Whoever claims at about the same time does so in one statement.
 */
@Injectable()
export class SealingClaims {
  private readonly claims: SharedStatement<{ uploadId: string; lastAttempt: number }, ClaimedUpload | null>;

  constructor(
    private readonly database: Database,
    private readonly stores: ObjectStores,
    private readonly config: AppConfig,
  ) {
    this.claims = new SharedStatement((asked) => this.claim(asked), MOST_TOGETHER);
  }

  /** Takes an upload for a new attempt, under a lease; null when it is not to be sealed now. */
  take(uploadId: string, lastAttempt: number): Promise<ClaimedUpload | null> {
    return this.claims.ask({ uploadId, lastAttempt });
  }

  private async claim(
    asked: readonly { uploadId: string; lastAttempt: number }[],
  ): Promise<(ClaimedUpload | null)[]> {
    const rows = await this.database.execute<ClaimedRow>(CLAIM, [
      asked.map(({ uploadId }) => uploadId),
      asked.map(({ lastAttempt }) => lastAttempt),
      this.stores.default.driver,
      this.config.leaseMs,
    ]);
    const claimed = new Map(rows.map(({ parts, ...upload }) => [upload.id, { upload, parts }]));
    return asked.map(({ uploadId, lastAttempt }) => {
      const claim = claimed.get(uploadId);
      if (claim?.upload.attempt !== lastAttempt + 1) return null;
      // Of those who ask twice together, one gets it.
      claimed.delete(uploadId);
      return claim;
    });
  }
}
