import { Injectable } from '@nestjs/common';
import { Database, fromNow, prepared, UNSYNCED } from '@waybill/platform/database';
import { registerObjects } from '@waybill/platform/objects';
import type { UploadStatus } from '../upload.entity';
import { UPLOAD_COLUMNS, type UploadRow } from '../upload.repository';
import { freeSlot } from '../upload-slots';

/** An upload that has a writer, and its owner's slot for it. */
export type TakenRow = UploadRow & { slot: number | null };

/** What has become of an upload while somebody writes to it. */
export interface WriterState {
  id: string;
  status: UploadStatus;
  writerEpoch: number;
  yieldAsked: boolean;
}

/** Whose upload is to be written to, and how. */
export interface Taking {
  uploadId: string;
  ownerId: string;
  leaseMs: number;
  /** The epoch of one who is passed over. */
  from: number | null;
  /** How many running uploads the owner may have. */
  slots: number;
  /** An object to be registered for the part that comes now; null where there is one already. */
  next: { key: string; driver: string } | null;
}

/** Who writes, and until when he may be silent. */
export interface Lease {
  epoch: number;
  until: Date;
}

const LEASE = 'writer_epoch AS epoch, lease_until AS until';

const take = (condition: string): string =>
  `UPDATE uploads SET writer_epoch = writer_epoch + 1, yield_asked = false, lease_until = ${fromNow(3)},
                      slot = coalesce(slot, ${freeSlot('uploads.owner_id', '$5')})
   WHERE id = $1::uuid AND owner_id = $2::uuid AND door = 'tus' AND status = 'uploading' AND ${condition}
     AND (lease_until IS NULL OR lease_until < now() OR writer_epoch = $4) RETURNING ${UPLOAD_COLUMNS}, slot`;

/**
 * What a database that dies forgets of this is made up for: the commit of the bytes asks for the epoch, and finds that
 * it is not the row's.
 */
const TAKE = prepared('take-write-lease', take(UNSYNCED));

const TAKE_AND_REGISTER = prepared(
  'take-write-lease-and-register',
  `WITH taken AS (${take('true')}),
        next AS (SELECT $6::text AS object_key, $7::text AS driver FROM taken),
        registered AS (${registerObjects('next', fromNow(3))})
   SELECT * FROM taken`,
);

const RELEASE = prepared(
  'release-write-lease',
  `UPDATE uploads SET lease_until = NULL, yield_asked = false, slot = NULL
   WHERE id = $1 AND writer_epoch = $2 AND status = 'uploading' AND ${UNSYNCED}`,
);

/** The statements by which requests take turns in writing to an upload. */
@Injectable()
export class WriteLeaseRepository {
  constructor(private readonly database: Database) {}

  /**
   * Makes the caller the newest writer: nothing of an earlier one can be committed any more. Null when there is no such
   * upload, it is not open, or somebody writes whose epoch is not `from`. The slot is null where all were taken.
   *
   * @throws the violation of `uploads_slot` when another was faster to get the one that was free.
   */
  async take({ uploadId, ownerId, leaseMs, from, slots, next }: Taking): Promise<TakenRow | null> {
    const parameters = [uploadId, ownerId, leaseMs, from, slots];
    const [row] = next
      ? await this.database.execute<TakenRow>(TAKE_AND_REGISTER, [...parameters, next.key, next.driver])
      : await this.database.execute<TakenRow>(TAKE, parameters);
    return row ?? null;
  }

  /** As `take`, for nobody: whoever wrote with that epoch writes no more. */
  async revoke(id: string, epoch: number): Promise<void> {
    await this.database.query(
      `UPDATE uploads SET writer_epoch = writer_epoch + 1, yield_asked = false, lease_until = NULL,
                          slot = NULL
       WHERE id = $1 AND status = 'uploading' AND writer_epoch = $2`,
      [id, epoch],
    );
  }

  /** Asks whoever writes to stop; null when nobody does. */
  async askToYield(id: string): Promise<Lease | null> {
    const [row] = await this.database.query<Lease>(
      `UPDATE uploads SET yield_asked = true
       WHERE id = $1 AND status = 'uploading' AND lease_until >= now() RETURNING ${LEASE}`,
      [id],
    );
    return row ?? null;
  }

  /** Nobody waits any more. */
  async stopAsking(id: string, epoch: number): Promise<void> {
    await this.database.query('UPDATE uploads SET yield_asked = false WHERE id = $1 AND writer_epoch = $2', [
      id,
      epoch,
    ]);
  }

  /** Whoever writes; null when nobody does. */
  async writing(id: string): Promise<Lease | null> {
    const [row] = await this.database.query<Lease>(
      `SELECT ${LEASE} FROM uploads WHERE id = $1 AND status = 'uploading' AND lease_until >= now()`,
      [id],
    );
    return row ?? null;
  }

  /** Tells that whoever writes with that epoch lives; nothing where he has left. */
  async renew(id: string, epoch: number, leaseMs: number): Promise<void> {
    await this.database.query(
      `UPDATE uploads SET lease_until = ${fromNow(3)}
       WHERE id = $1 AND writer_epoch = $2 AND status = 'uploading' AND lease_until IS NOT NULL`,
      [id, epoch, leaseMs],
    );
  }

  async release(id: string, epoch: number): Promise<void> {
    await this.database.execute(RELEASE, [id, epoch]);
  }

  async states(ids: readonly string[]): Promise<WriterState[]> {
    return this.database.query<WriterState>(
      `SELECT id, status, writer_epoch AS "writerEpoch", yield_asked AS "yieldAsked"
       FROM uploads WHERE id = ANY($1)`,
      [ids],
    );
  }

  /** Names the size of an upload that was begun without; false when it has one, or has more bytes than that. */
  async declareLength(id: string, epoch: number, totalBytes: number): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE uploads SET total_bytes = $3
       WHERE id = $1 AND writer_epoch = $2 AND status = 'uploading' AND total_bytes IS NULL AND offset_bytes <= $3
       RETURNING id`,
      [id, epoch, totalBytes],
    );
    return rows.length > 0;
  }
}
