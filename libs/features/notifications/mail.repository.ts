import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@waybill/platform/database';
import type { MailStatus } from './mail.entity';

/** A mail as it is planned: for whom, because of which event, and the ids that its text is made from. */
export interface NewMail {
  id: string;
  eventId: string;
  recipientId: string;
  template: string;
  data: Record<string, string>;
}

export interface ClaimedMail extends NewMail {
  /** The number of this try; whoever settles the mail must still hold it. */
  attempts: number;
  createdAt: Date;
}

export interface DueMail {
  id: string;
  attempts: number;
}

/** The mails that are owed. `attempts` fences: who has lost a mail to a later try can change nothing any more. */
@Injectable()
export class MailRepository {
  constructor(private readonly database: Database) {}

  /**
   * Adds a mail, unless the same event has brought the same person this one before; of a file that was granted, he is
   * told once in all.
   */
  async insert(tx: Tx, mail: NewMail): Promise<void> {
    await this.database.query(
      `INSERT INTO mails (id, event_id, recipient_id, template, data) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT DO NOTHING`,
      [mail.id, mail.eventId, mail.recipientId, mail.template, JSON.stringify(mail.data)],
      tx,
    );
  }

  /** Takes a mail that is due for one try. Until `leaseSeconds` have passed nobody else gets it; null if somebody did. */
  async claim(id: string, attempt: number, leaseSeconds: number): Promise<ClaimedMail | null> {
    const [mail] = await this.database.query<ClaimedMail>(
      `UPDATE mails SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => $3)
       WHERE id = $1 AND attempts = $2 AND status = 'pending' AND next_attempt_at <= now()
       RETURNING id, event_id AS "eventId", recipient_id AS "recipientId", template, data, attempts,
                 created_at AS "createdAt"`,
      [id, attempt, leaseSeconds],
    );
    return mail ?? null;
  }

  async settle({ id, attempts }: DueMail, status: Exclude<MailStatus, 'pending'>): Promise<void> {
    await this.database.query(
      `UPDATE mails SET status = $3, sent_at = CASE WHEN $3 = 'sent' THEN now() END
       WHERE id = $1 AND attempts = $2 AND status = 'pending'`,
      [id, attempts, status],
    );
  }

  /** Leaves a mail for another try, in so many seconds. */
  async postpone({ id, attempts }: DueMail, seconds: number): Promise<void> {
    await this.database.query(
      `UPDATE mails SET next_attempt_at = now() + make_interval(secs => $3)
       WHERE id = $1 AND attempts = $2 AND status = 'pending'`,
      [id, attempts, seconds],
    );
  }

  /** Mails that are owed, and for how many seconds the oldest has been. */
  async backlog(): Promise<{ count: number; age: number }> {
    const [row] = await this.database.query<{ count: number; age: number }>(
      `SELECT count(*)::int AS count, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS age
       FROM mails WHERE status = 'pending'`,
    );
    return row!;
  }

  /** Mails whose time has come, the longest overdue first. */
  async findDue(limit: number): Promise<DueMail[]> {
    return this.database.query<DueMail>(
      `SELECT id, attempts FROM mails WHERE status = 'pending' AND next_attempt_at <= now()
       ORDER BY next_attempt_at LIMIT $1`,
      [limit],
    );
  }
}
