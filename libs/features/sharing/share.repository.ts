import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@waybill/platform/database';
import type { Governed } from './share.policy';

/** A share as it stands, with what it depends on of its owner. */
export interface ShareRecord extends Governed {
  id: string;
  ownerId: string;
  name: string | null;
  /** In the order of the archive. */
  fileIds: string[];
  passwordHash: string | null;
  passwordRevision: number;
  revision: number;
  createdAt: Date;
}

export interface NewShare {
  id: string;
  ownerId: string;
  tokenHash: Buffer;
  name: string | null;
  fileIds: readonly string[];
  passwordHash: string | null;
  expiresAt: Date;
  maxDownloads: number | null;
}

/** What an owner can change; what is absent stays. */
export interface ShareChanges {
  expiresAt?: Date;
  maxDownloads?: number | null;
  passwordHash?: string | null;
}

const SELECT = `SELECT share.id, share.owner_id AS "ownerId", share.name, share.password_hash AS "passwordHash",
    share.password_revision AS "passwordRevision", share.expires_at AS "expiresAt",
    share.max_downloads AS "maxDownloads", share.download_count AS "downloadCount", share.revision,
    share.created_at AS "createdAt", share.revoked_at AS "revokedAt",
    coalesce(owner.disabled_at IS NULL AND owner.role IN ('ops', 'admin'), false) AS "ownerActive",
    ARRAY(SELECT file_id FROM share_files WHERE share_id = share.id ORDER BY position) AS "fileIds"
  FROM shares share LEFT JOIN users owner ON owner.id = share.owner_id`;

/** The statements of shares. Whether the owner's account is in use is read with them, on fresh rows. */
@Injectable()
export class ShareRepository {
  constructor(private readonly database: Database) {}

  async insert(tx: Tx, share: NewShare): Promise<void> {
    await this.database.query(
      `WITH share AS (
         INSERT INTO shares (id, owner_id, token_hash, name, password_hash, expires_at, max_downloads)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id
       )
       INSERT INTO share_files (share_id, position, file_id)
       SELECT share.id, file.position - 1, file.id FROM share, unnest($8::uuid[]) WITH ORDINALITY file(id, position)`,
      [
        share.id,
        share.ownerId,
        share.tokenHash,
        share.name,
        share.passwordHash,
        share.expiresAt,
        share.maxDownloads,
        share.fileIds,
      ],
      tx,
    );
  }

  /** Somebody's own share; null for everybody else's. */
  async find(ownerId: string, id: string, tx?: Tx): Promise<ShareRecord | null> {
    const [share] = await this.database.query<ShareRecord>(
      `${SELECT} WHERE share.id = $1 AND share.owner_id = $2`,
      [id, ownerId],
      tx,
    );
    return share ?? null;
  }

  /** The share that a token leads to, whatever its state. */
  async byToken(tokenHash: Buffer): Promise<ShareRecord | null> {
    const [share] = await this.database.query<ShareRecord>(`${SELECT} WHERE share.token_hash = $1`, [
      tokenHash,
    ]);
    return share ?? null;
  }

  /** The shares that a file is in, the newest first, from before `beforeId` on. */
  async ofFile(fileId: string, beforeId: string | null, limit: number): Promise<ShareRecord[]> {
    return this.database.query<ShareRecord>(
      `${SELECT} JOIN share_files file ON file.share_id = share.id
       WHERE file.file_id = $1 AND ($2::uuid IS NULL OR share.id < $2::uuid) ORDER BY share.id DESC LIMIT $3`,
      [fileId, beforeId, limit],
    );
  }

  /** Changes a share that was not revoked and, where one is named, has this revision. False when there is none. */
  async update(
    tx: Tx,
    id: string,
    changes: ShareChanges,
    revision: number | null,
    now: Date,
  ): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE shares SET expires_at = coalesce($3, expires_at),
         max_downloads = CASE WHEN $4::boolean THEN $5::int ELSE max_downloads END,
         password_hash = CASE WHEN $6::boolean THEN $7 ELSE password_hash END,
         password_revision = password_revision + CASE WHEN $6::boolean THEN 1 ELSE 0 END,
         revision = revision + 1, updated_at = $8
       WHERE id = $1 AND revision = coalesce($2::int, revision) AND revoked_at IS NULL RETURNING id`,
      [
        id,
        revision,
        changes.expiresAt ?? null,
        changes.maxDownloads !== undefined,
        changes.maxDownloads ?? null,
        changes.passwordHash !== undefined,
        changes.passwordHash ?? null,
        now,
      ],
      tx,
    );
    return rows.length > 0;
  }

  /** Ends a share for good. False when it was ended, or has another revision than is named. */
  async revoke(tx: Tx, id: string, revision: number | null, now: Date): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE shares SET revoked_at = $3, updated_at = $3, password_hash = NULL, revision = revision + 1
       WHERE id = $1 AND revision = coalesce($2::int, revision) AND revoked_at IS NULL RETURNING id`,
      [id, revision, now],
      tx,
    );
    return rows.length > 0;
  }

  /** Forgets shares that ended before then, by this process's clock and by the database's. */
  async forget(before: Date, limit: number): Promise<number> {
    const rows = await this.database.query(
      `DELETE FROM shares WHERE id IN (
         SELECT id FROM shares WHERE least(expires_at, revoked_at) < least($1, now()) LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [before, limit],
    );
    return rows.length;
  }
}
