import { Injectable } from '@nestjs/common';
import { Database } from '@waybill/platform/database';
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

  async mute(userId: string, templates: readonly OptionalTemplate[]): Promise<void> {
    await this.database.query(
      'INSERT INTO muted_mails (user_id, template) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING',
      [userId, templates],
    );
  }

  async unmute(userId: string, templates: readonly OptionalTemplate[]): Promise<void> {
    await this.database.query('DELETE FROM muted_mails WHERE user_id = $1 AND template = ANY($2)', [
      userId,
      templates,
    ]);
  }
}
