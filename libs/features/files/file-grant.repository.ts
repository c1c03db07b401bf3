import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@waybill/platform/database';

/** What became other when a file got new recipients: addresses, as they were written. */
export interface GrantChanges {
  added: string[];
  removed: string[];
}

/** SQL for a condition on `users`: whom a grant for his address lets in as of now. */
export const CLIENT_BY_ADDRESS = `role = 'client' AND email_verified_at IS NOT NULL AND disabled_at IS NULL`;

/** To whom restricted files were granted. */
@Injectable()
export class FileGrantRepository {
  constructor(private readonly database: Database) {}

  /** Makes these the recipients of a file, whose row `tx` holds. Whoever was one before stays as he was written then. */
  async replace(tx: Tx, fileId: string, recipients: readonly string[]): Promise<GrantChanges> {
    const removed = await this.database.query<{ email: string }>(
      'DELETE FROM file_grants WHERE file_id = $1 AND NOT (email = ANY($2::citext[])) RETURNING email',
      [fileId, recipients],
      tx,
    );
    const added = await this.database.query<{ email: string }>(
      `INSERT INTO file_grants (file_id, email, created_at, name, size)
       SELECT file.id, address, file.created_at, file.name, file.size
       FROM files file, unnest($2::citext[]) address WHERE file.id = $1
       ON CONFLICT (file_id, email) DO NOTHING RETURNING email`,
      [fileId, recipients],
      tx,
    );
    return { added: added.map(({ email }) => email), removed: removed.map(({ email }) => email) };
  }

  /** The users whom a grant for one of these addresses lets in as of now: clients who have verified it. */
  async clientsOf(tx: Tx, addresses: readonly string[]): Promise<string[]> {
    if (addresses.length === 0) return [];
    const rows = await this.database.query<{ id: string }>(
      `SELECT id FROM users WHERE email = ANY($1::citext[]) AND ${CLIENT_BY_ADDRESS} ORDER BY id`,
      [addresses],
      tx,
    );
    return rows.map(({ id }) => id);
  }
}
