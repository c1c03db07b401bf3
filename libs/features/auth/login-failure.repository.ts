import { Injectable } from '@nestjs/common';
import { sha256 } from '@waybill/core/crypto';
import { Database } from '@waybill/platform/database';

/** How often something has failed in a window that began with the first failure. */
export interface FailureCount {
  failures: number;
  /** Until the window ends. */
  resetSeconds: number;
}

/** Failed logins, counted where they survive restarts and do not depend on Redis. Time is the database's. */
@Injectable()
export class LoginFailureRepository {
  constructor(private readonly database: Database) {}

  /** Counts one more, and tells how many that are. The row's lock lets those who come at once count one another. */
  async add(key: string, windowSeconds: number): Promise<FailureCount> {
    const [count] = await this.database.query<FailureCount>(
      `INSERT INTO login_failures AS known (key, failures, window_ends_at)
       VALUES ($1, 1, now() + make_interval(secs => $2))
       ON CONFLICT (key) DO UPDATE SET
         failures = CASE WHEN known.window_ends_at > now() THEN known.failures ELSE 0 END + 1,
         window_ends_at = CASE WHEN known.window_ends_at > now() THEN known.window_ends_at
                               ELSE excluded.window_ends_at END
       RETURNING failures, ceil(extract(epoch FROM window_ends_at - now()))::int AS "resetSeconds"`,
      [sha256(key), windowSeconds],
    );
    return count!;
  }

  /** Takes one back. */
  async subtract(key: string): Promise<void> {
    await this.database.query(
      'UPDATE login_failures SET failures = greatest(0, failures - 1) WHERE key = $1 RETURNING failures',
      [sha256(key)],
    );
  }

  async purgeExpired(limit: number): Promise<number> {
    const gone = await this.database.query(
      `DELETE FROM login_failures WHERE key IN (
         SELECT key FROM login_failures WHERE window_ends_at < now() LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING 1`,
      [limit],
    );
    return gone.length;
  }
}
