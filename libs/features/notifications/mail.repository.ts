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

/** A mail that also tells of what happens to the same thing before it is sent. */
export interface GatheringMail extends NewMail {
  subjectId: string;
}

export interface ClaimedMail extends NewMail {
  /** How many events it tells of. */
  times: number;
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

  /**
   * Adds one more event to the mail that gathers them for this subject; where there is none, or its sending has begun,
   * begins one, which is due at once, or so many seconds after the last.
   *
   * @returns in how many seconds the mail is due that was begun; null when there was one.
   */
  async gather(tx: Tx, mail: GatheringMail, pauseSeconds: number): Promise<number | null> {
    const [row] = await this.database.query<{ begun: boolean; seconds: number }>(
      `INSERT INTO mails (id, event_id, recipient_id, template, data, subject_id, next_attempt_at)
       SELECT $1, $2, $3, $4, $5, $6, greatest(now(), max(coalesce(sent_at, next_attempt_at)) + make_interval(secs => $7))
       FROM mails WHERE recipient_id = $3 AND template = $4 AND subject_id = $6
       ON CONFLICT (recipient_id, template, subject_id)
         WHERE subject_id IS NOT NULL AND status = 'pending' AND attempts = 0
         DO UPDATE SET times = mails.times + 1
       RETURNING id = $1 AS begun, extract(epoch FROM next_attempt_at - now())::float8 AS seconds`,
      [
        mail.id,
        mail.eventId,
        mail.recipientId,
        mail.template,
        JSON.stringify(mail.data),
        mail.subjectId,
        pauseSeconds,
      ],
      tx,
    );
    return row!.begun ? row!.seconds : null;
  }

  /** Takes a mail that is due for one try. Until `leaseSeconds` have passed nobody else gets it; null if somebody did. */
  async claim(id: string, attempt: number, leaseSeconds: number): Promise<ClaimedMail | null> {
    const [mail] = await this.database.query<ClaimedMail>(
      `UPDATE mails SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => $3)
       WHERE id = $1 AND attempts = $2 AND status = 'pending' AND next_attempt_at <= now()
       RETURNING id, event_id AS "eventId", recipient_id AS "recipientId", template, data, times, attempts,
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
