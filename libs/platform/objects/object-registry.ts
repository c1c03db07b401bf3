import { Injectable } from '@nestjs/common';
import { Database, fromNow, prepared, type Tx } from '@waybill/platform/database';

export interface DeadObject {
  key: string;
  driver: string;
}

const REGISTER = prepared(
  'register-object',
  `INSERT INTO objects (key, driver, state, lease_until)
       VALUES ($1, $2, 'writing', ${fromNow(3)})`,
);

const BURY_ALL = prepared(
  'bury-objects-below',
  `UPDATE objects SET state = 'dead', died_at = now(), lease_until = NULL
       WHERE key > $1 AND key < $2 AND state <> 'dead'`,
);

/** The registry of objects: announced before they are written, published with what refers to them, buried, forgotten. */
@Injectable()
export class ObjectRegistry {
  constructor(private readonly database: Database) {}

  /** Announces an object whose first byte is about to be written, under a lease. Committed when this resolves. */
  async register(key: string, driver: string, leaseMs: number, tx?: Tx): Promise<void> {
    await this.database.execute(REGISTER, [key, driver, leaseMs], tx);
  }

  /** The same for many at once. */
  async registerAll(keys: readonly string[], driver: string, leaseMs: number): Promise<void> {
    await this.database.query(
      `INSERT INTO objects (key, driver, state, lease_until)
       SELECT key, $2, 'writing', ${fromNow(3)} FROM unnest($1::text[]) AS new (key)`,
      [keys, driver, leaseMs],
    );
  }

  /**
   * Tells that the writers of these objects are still at work. An object that was published, or taken from its writer,
   * meanwhile is left as it is: whoever publishes finds out.
   */
  async renew(keys: readonly string[], leaseMs: number): Promise<void> {
    if (keys.length === 0) return;
    await this.database.query(
      `UPDATE objects SET lease_until = ${fromNow(2)} WHERE key = ANY($1) AND state = 'writing'`,
      [keys, leaseMs],
    );
  }

  /**
   * Gives up an object that its writer did not bring to an end. One that was published stays: a commit whose answer was
   * lost must not cost a file. One whose row is gone gets a new one: a writer that was held up for longer than its lease
   * may have written after the sweeper had been there.
   */
  async withdraw(key: string, driver: string, tx?: Tx): Promise<void> {
    await this.database.query(
      `INSERT INTO objects AS known (key, driver, state, died_at) VALUES ($1, $2, 'dead', now())
       ON CONFLICT (key) DO UPDATE SET state = 'dead', died_at = now(), lease_until = NULL WHERE known.state = 'writing'`,
      [key, driver],
      tx,
    );
  }

  /** Gives objects up. From the commit on nothing refers to them, and the sweeper takes their bytes. */
  async bury(keys: readonly string[], tx: Tx): Promise<void> {
    if (keys.length === 0) return;
    await this.database.query(
      `UPDATE objects SET state = 'dead', died_at = now(), lease_until = NULL WHERE key = ANY($1) AND state <> 'dead'`,
      [keys],
      tx,
    );
  }

  /** Gives up every object whose key begins with `prefix`, which must end with a slash. */
  async buryAll(prefix: string, tx: Tx): Promise<void> {
    if (!prefix.endsWith('/')) throw new RangeError('A prefix of keys ends with a slash.');
    // '0' follows '/' in the order of bytes, so the range holds exactly what lies below the prefix.
    await this.database.execute(BURY_ALL, [prefix, `${prefix.slice(0, -1)}0`], tx);
  }

  /** Gives up what writers have abandoned: registered, never published, and past its lease. */
  async buryAbandoned(): Promise<number> {
    const rows = await this.database.query(
      `UPDATE objects SET state = 'dead', died_at = now(), lease_until = NULL
       WHERE state = 'writing' AND lease_until < now() RETURNING key`,
    );
    return rows.length;
  }

  /** Objects in each state that is not the last: how many, and the age of the oldest in seconds. */
  async backlog(): Promise<{ state: 'writing' | 'dead'; count: number; age: number }[]> {
    return this.database.query(
      `SELECT 'writing' AS state, count(*)::int AS count,
              coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS age
       FROM objects WHERE state = 'writing'
       UNION ALL
       SELECT 'dead', count(*)::int, coalesce(extract(epoch FROM now() - min(died_at)), 0)::float8
       FROM objects WHERE state = 'dead'`,
    );
  }

  /** Some of the objects whose bytes are still to be removed, oldest first, without the first `skip`. */
  async dead(limit: number, skip: number): Promise<DeadObject[]> {
    return this.database.query<DeadObject>(
      `SELECT key, driver FROM objects WHERE state = 'dead' ORDER BY died_at, key LIMIT $1 OFFSET $2`,
      [limit, skip],
    );
  }

  /** Forgets objects whose bytes are gone. */
  async forget(keys: readonly string[]): Promise<void> {
    await this.database.query(`DELETE FROM objects WHERE key = ANY($1) AND state = 'dead'`, [keys]);
  }
}
