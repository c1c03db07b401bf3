import type { DekContext } from '@waybill/core/crypto';
import type { Database } from '@waybill/platform/database';
import type { WrappedDek } from '@waybill/platform/keyring';

/** A row's data key (DEK), and what it is bound to. */
export interface WrappedKey extends WrappedDek {
  context: DekContext;
}

/** Where data keys rest. Each is bound to the row's id and a version; those of staging, and the secrets of webhooks, have one version only. */
const HOMES = {
  uploads: { purpose: 'staging', version: '1' },
  files: { purpose: 'file', version: 'object_version' },
  webhooks: { purpose: 'webhook', version: '1' },
} as const;

export type KeyHome = keyof typeof HOMES;
export const KEY_HOMES = Object.keys(HOMES) as KeyHome[];

/** The statements of a rotation. No row is changed but in its wrapped key and the id of what wraps it. */
export class WrappedKeys {
  constructor(private readonly database: Database) {}

  /** How many data keys rest under each KEK. What is deleted has none any more. */
  async perKek(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const home of KEY_HOMES) {
      const rows = await this.database.query<{ kekId: string; count: number }>(
        `SELECT kek_id AS "kekId", count(*)::int AS count FROM ${home} WHERE wrapped_dek IS NOT NULL GROUP BY kek_id`,
      );
      for (const { kekId, count } of rows) counts.set(kekId, (counts.get(kekId) ?? 0) + count);
    }
    return counts;
  }

  /** Data keys that are not under `primary`, from after the row of that id on. */
  async under(home: KeyHome, primary: string, afterId: string, limit: number): Promise<WrappedKey[]> {
    const { purpose, version } = HOMES[home];
    const rows = await this.database.query<{ id: string; version: number; kekId: string; wrapped: Buffer }>(
      `SELECT id, ${version} AS version, kek_id AS "kekId", wrapped_dek AS wrapped FROM ${home}
       WHERE wrapped_dek IS NOT NULL AND kek_id <> $1 AND id > $2 ORDER BY id LIMIT $3`,
      [primary, afterId, limit],
    );
    return rows.map(({ id, version: of, kekId, wrapped }) => ({
      kekId,
      wrapped,
      context: { purpose, id, version: of },
    }));
  }

  /**
   * Puts data keys under another KEK, in one statement. A row that was deleted or rewrapped meanwhile stays as it is.
   *
   * @returns how many were changed.
   */
  async replace(home: KeyHome, changes: { from: WrappedKey; to: WrappedDek }[]): Promise<number> {
    const rows = changes.map(({ from, to }) => ({
      id: from.context.id,
      old: from.wrapped.toString('hex'),
      wrapped: to.wrapped.toString('hex'),
      kek: to.kekId,
    }));
    const changed = await this.database.query(
      `UPDATE ${home} AS home SET wrapped_dek = decode(change.wrapped, 'hex'), kek_id = change.kek
       FROM jsonb_to_recordset($1) AS change(id uuid, old text, wrapped text, kek text)
       WHERE home.id = change.id AND home.wrapped_dek = decode(change.old, 'hex') RETURNING 1`,
      [JSON.stringify(rows)],
    );
    return changed.length;
  }
}
