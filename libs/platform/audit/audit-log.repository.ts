import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@waybill/platform/database';
import type { AuditOutcome } from './audit-entry.entity';

export interface AuditRecord {
  id: string;
  at: Date;
  action: string;
  outcome: AuditOutcome;
  code: string | null;
  actorId: string | null;
  objectId: string | null;
  address: string | null;
  requestId: string | null;
  times: number;
  data: unknown;
}

/** Which entries; what is absent does not restrict. */
export interface AuditFilter {
  actorId?: string;
  objectId?: string;
  action?: string;
  outcome?: AuditOutcome;
  from?: Date;
  to?: Date;
}

/** An id tells its time, but by the clock of whoever made it: so far they may be apart. */
const CLOCK_SLACK_MS = 60 * 60 * 1000;

/** The statements of the audit. None changes an entry, and the only one that removes any takes what is out of date. */
@Injectable()
export class AuditLogRepository {
  constructor(private readonly database: Database) {}

  /** Adds entries; one that is there already (the same event, read again) stays as it is. */
  async insert(records: AuditRecord[], tx?: Tx): Promise<void> {
    await this.database.query(
      `INSERT INTO audit_log (id, at, action, outcome, code, actor_id, object_id, address, request_id, times, data)
       SELECT id, at, action, outcome, code, "actorId", "objectId", address, "requestId", times, data
       FROM jsonb_to_recordset($1) AS entry(id uuid, at timestamptz, action text, outcome text, code text, "actorId" uuid,
         "objectId" uuid, address text, "requestId" text, times int, data jsonb)
       ON CONFLICT (id) DO NOTHING`,
      [JSON.stringify(records)],
      tx,
    );
  }

  /** Entries, the newest first, from before `beforeId` on. */
  async list(filter: AuditFilter, beforeId: string | null, limit: number): Promise<AuditRecord[]> {
    const parameters: unknown[] = [];
    const conditions: string[] = [];
    const add = (condition: string, value: unknown): void => {
      if (value === undefined || value === null) return;
      parameters.push(value);
      conditions.push(condition.replace('?', `$${parameters.length}`));
    };
    add('actor_id = ?', filter.actorId);
    add('object_id = ?', filter.objectId);
    add('action = ?', filter.action);
    add('outcome = ?', filter.outcome);
    add('at >= ?', filter.from);
    add('at < ?', filter.to);
    // Where in the order of ids that is, so that no other part of it is looked at.
    add('id >= ?', filter.from && firstIdOf(filter.from.getTime() - CLOCK_SLACK_MS));
    add('id < ?', filter.to && firstIdOf(filter.to.getTime() + CLOCK_SLACK_MS));
    add('id < ?', beforeId);
    parameters.push(limit);
    return this.database.query<AuditRecord>(
      `SELECT id, at, action, outcome, code, actor_id AS "actorId", object_id AS "objectId", address,
              request_id AS "requestId", times, data
       FROM audit_log ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
       ORDER BY id DESC LIMIT $${parameters.length}`,
      parameters,
    );
  }

  /** Removes entries that are older than so many days, at most `limit`; tells how many. */
  async purge(days: number, limit: number): Promise<number> {
    const gone = await this.database.query(
      `DELETE FROM audit_log WHERE id IN (
         SELECT id FROM (SELECT id, at FROM audit_log ORDER BY id LIMIT $2) oldest
         WHERE at < now() - make_interval(days => $1)) RETURNING 1`,
      [days, limit],
    );
    return gone.length;
  }
}

/** The smallest UUIDv7 of a millisecond (RFC 9562, section 5.7). */
function firstIdOf(milliseconds: number): string {
  const hex = Math.min(Math.max(0, milliseconds), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
