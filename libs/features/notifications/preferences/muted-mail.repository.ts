import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@waybill/platform/database';
import type { OptionalTemplate } from './optional-mails';

/** Who wants which mails no more. */
@Injectable()
export class MutedMailRepository {
  constructor(private readonly database: Database) {}

  async of(userId: string): Promise<Set<string>> {
    const rows = await this.database.query<{ template: string }>(
      'SELECT template FROM muted_mails WHERE user_id = $1',
      [userId],
    );
    return new Set(rows.map(({ template }) => template));
  }

  /** Nothing for an account that is gone: its mails' links go on working. Whoever deletes it meanwhile waits. */
  async mute(userId: string, templates: readonly OptionalTemplate[]): Promise<void> {
    await this.database.query(
      `INSERT INTO muted_mails (user_id, template)
       SELECT account.id, unnest($2::text[])
       FROM (SELECT id FROM users WHERE id = $1 AND deleted_at IS NULL FOR SHARE) account
       ON CONFLICT DO NOTHING`,
      [userId, templates],
    );
  }

  async unmute(userId: string, templates: readonly OptionalTemplate[]): Promise<void> {
    await this.database.query('DELETE FROM muted_mails WHERE user_id = $1 AND template = ANY($2)', [
      userId,
      templates,
    ]);
  }

  /** Forgets what accounts wanted that were deleted. */
  async forget(tx: Tx, userIds: readonly string[]): Promise<void> {
    await this.database.query('DELETE FROM muted_mails WHERE user_id = ANY($1::uuid[])', [userIds], tx);
  }
}
