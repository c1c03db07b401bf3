import { Injectable } from '@nestjs/common';
import type { Role } from '@waybill/core/kernel';
import { Database, type Tx } from '@waybill/platform/database';

export interface NewInvitation {
  id: string;
  email: string;
  role: Role;
  invitedBy: string;
  tokenHash: Buffer;
  lifetimeSeconds: number;
}

export interface LiveInvitation {
  email: string;
  role: Role;
  expiresAt: Date;
  inviterName: string | null;
}

/** An offer stands as long as whoever made it could still make it: `mayInvite`, on fresh rows. */
const STANDS = `invitation.accepted_at IS NULL AND invitation.expires_at > now()
  AND inviter.id = invitation.invited_by AND inviter.disabled_at IS NULL
  AND (inviter.role = 'admin' OR (inviter.role = 'ops' AND invitation.role = 'client'))`;

/** Offers of accounts. Time is the database's, so that all instances agree on it. */
@Injectable()
export class InvitationRepository {
  constructor(private readonly database: Database) {}

  /** Adds an offer, and tells when it ends. */
  async insert(tx: Tx, invitation: NewInvitation): Promise<Date> {
    const [added] = await this.database.query<{ expiresAt: Date }>(
      `INSERT INTO invitations (id, email, role, invited_by, token_hash, expires_at)
       VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6)) RETURNING expires_at AS "expiresAt"`,
      [
        invitation.id,
        invitation.email,
        invitation.role,
        invitation.invitedBy,
        invitation.tokenHash,
        invitation.lifetimeSeconds,
      ],
      tx,
    );
    return added!.expiresAt;
  }

  async findLive(id: string): Promise<LiveInvitation | null> {
    const [live] = await this.database.query<LiveInvitation>(
      `SELECT invitation.email, invitation.role, invitation.expires_at AS "expiresAt",
              inviter.full_name AS "inviterName"
       FROM invitations invitation, users inviter WHERE invitation.id = $1 AND ${STANDS}`,
      [id],
    );
    return live ?? null;
  }

  async isLive(tokenHash: Buffer): Promise<boolean> {
    const rows = await this.database.query(
      `SELECT 1 FROM invitations invitation, users inviter WHERE invitation.token_hash = $1 AND ${STANDS}`,
      [tokenHash],
    );
    return rows.length > 0;
  }

  /** Takes an offer, and tells what it was; null where there is none that stands. Of several at once, one gets it. */
  async accept(tx: Tx, tokenHash: Buffer): Promise<{ email: string; role: Role } | null> {
    const [accepted] = await this.database.query<{ email: string; role: Role }>(
      `UPDATE invitations invitation SET accepted_at = now() FROM users inviter
       WHERE invitation.token_hash = $1 AND ${STANDS} RETURNING invitation.email, invitation.role`,
      [tokenHash],
      tx,
    );
    return accepted ?? null;
  }

  async purgeExpired(limit: number): Promise<number> {
    const gone = await this.database.query(
      `DELETE FROM invitations WHERE id IN (SELECT id FROM invitations WHERE expires_at < now() LIMIT $1) RETURNING 1`,
      [limit],
    );
    return gone.length;
  }
}
