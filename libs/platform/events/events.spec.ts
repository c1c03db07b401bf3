import type { AnyCommittedEvent } from '@waybill/core/contracts';
import { uuidv7 } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { Database, dataSourceOptions } from '@waybill/platform/database';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { testEnvironment } from '../../../test/support/environment';
import { waitFor } from '../../../test/support/system/wait-for';
import { EventFeed } from './feed';
import { Outbox } from './outbox';
import { Sequencer } from './sequencer';

let testDatabase: TestDatabase;
let source: DataSource;
let database: Database;
let outbox: Outbox;
let sequencer: Sequencer;
let feed: EventFeed;

beforeEach(async () => {
  testDatabase = await createTestDatabase();
  const config = new AppConfig(testEnvironment({ DATABASE_URL: testDatabase.url }));
  source = await new DataSource(dataSourceOptions(config)).initialize();
  database = new Database(source);
  outbox = new Outbox(database);
  sequencer = new Sequencer(database);
  feed = new EventFeed(database);
});

afterEach(async () => {
  await source.destroy();
  await testDatabase.drop();
});

/** Writes an event, and commits it when `until` lets it. */
async function write(subjectId: string, until: Promise<unknown> = Promise.resolve()): Promise<void> {
  await database.transaction(async (tx) => {
    await outbox.append(tx, {
      type: 'user.email_verified',
      actorId: null,
      ownerId: null,
      subjectId,
      data: { userId: subjectId },
    });
    await until;
  });
}

const positions = (events: AnyCommittedEvent[]): number[] => events.map(({ position }) => position);
const oneTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);

describe('the feed', () => {
  it('gives an event that was written first and committed last a place behind what was seen before', async () => {
    const [early, late] = [uuidv7(), uuidv7()];
    let commit!: () => void;
    const written = write(early, new Promise<void>((resolve) => (commit = resolve)));
    await waitFor('the first to be written', async () => {
      const rows = await database.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'`,
      );
      return rows.length > 0;
    });
    await write(late);
    expect(await sequencer.run()).toBe(1);
    commit();
    await written;
    expect(await sequencer.run()).toBe(1);
    expect((await feed.after(0, 10)).map(({ subjectId }) => subjectId)).toEqual([late, early]);
  });

  it('has no event that was not committed', async () => {
    await expect(write(uuidv7(), Promise.reject(new Error('rolled back')))).rejects.toThrow('rolled back');
    expect(await sequencer.run()).toBe(0);
  });

  it('goes on from what another sequencer commits while this one waits for its turn', async () => {
    await write(uuidv7());
    let waiting!: Promise<number>;
    await database.transaction(async (tx) => {
      await database.query(`SELECT pg_advisory_xact_lock(hashtextextended('waybill:sequencer', 0))`, [], tx);
      waiting = sequencer.run();
      await waitFor('the other to wait', async () => {
        const rows = await database.query(
          `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
        return rows.length > 0;
      });
      await database.query('INSERT INTO event_feed (position, event_id) VALUES (7, $1)', [uuidv7()], tx);
    });
    expect(await waiting).toBe(1);
    expect(positions(await feed.after(7, 10))).toEqual([8]);
  });

  it('counts without gap, and loses and doubles nothing, with many writers, sequencers and readers at once', async () => {
    const subjects = Array.from({ length: 120 }, () => uuidv7());
    const read: AnyCommittedEvent[] = [];
    let writing = true;
    const number = async (): Promise<void> => {
      while (writing) await sequencer.run();
    };
    const consume = async (): Promise<void> => {
      while (writing || read.length < subjects.length) {
        await feed.advance('reader', 7, async (tx, events) => {
          await database.query('SELECT 1', [], tx);
          read.push(...events);
        });
      }
    };
    const running = [number(), number(), consume(), consume()];
    for (let at = 0; at < subjects.length; at += 8) {
      await Promise.all(subjects.slice(at, at + 8).map((subject) => write(subject)));
    }
    await sequencer.run();
    writing = false;
    await Promise.all(running);
    expect(positions(read)).toEqual(oneTo(subjects.length));
    expect(read.map(({ subjectId }) => subjectId).sort()).toEqual([...subjects].sort());
  });

  it('gives what a reader failed on again', async () => {
    await write(uuidv7());
    await sequencer.run();
    const failing = feed.advance('reader', 10, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(await feed.advance('reader', 10, async () => undefined)).toBe(1);
    expect(await feed.advance('reader', 10, async () => undefined)).toBe(0);
  });
});
