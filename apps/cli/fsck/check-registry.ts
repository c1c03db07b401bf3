import { judge, readGenerations } from '@waybill/platform/objects';
import type { FsckContext } from './context';
import { keyset } from './keyset';

const PAGE = 5_000;
/** How long what is dead, or was abandoned by its writer, may wait for the sweeper before somebody should look. */
const BACKLOG = `interval '10 minutes'`;

interface Backlog {
  dead: number;
  writing: number;
  deadLong: number;
  abandoned: number;
}

/** What waits is not lost; but if it waits for long, nobody sweeps. */
export async function checkBacklog({ database, stores, tally, warn }: FsckContext): Promise<void> {
  const [backlog] = await database.query<Backlog>(
    `SELECT count(*) FILTER (WHERE state = 'dead') AS dead,
            count(*) FILTER (WHERE state = 'writing') AS writing,
            count(*) FILTER (WHERE state = 'dead' AND died_at < now() - ${BACKLOG}) AS "deadLong",
            count(*) FILTER (WHERE state = 'writing' AND lease_until < now() - ${BACKLOG}) AS abandoned
     FROM objects WHERE state IN ('dead', 'writing')`,
  );
  const generations = await readGenerations(database, stores.default);
  const { stored, recorded } = generations;
  const pair = `generation ${recorded ?? 'none'} in the database, ${stored ?? 'none'} in the store; nothing is swept`;
  switch (judge(generations)) {
    case 'database-older':
      warn({ code: 'DATABASE_OLDER', subject: stores.default.driver, detail: pair });
      break;
    case 'store-incomplete':
      warn({ code: 'STORE_INCOMPLETE', subject: stores.default.driver, detail: pair });
      break;
    case 'new':
    case 'agree':
      break;
  }
  const { dead, writing, deadLong, abandoned } = backlog!;
  tally.dead = dead;
  tally.writing = writing;
  if (deadLong > 0) {
    const detail = 'dead objects have been waiting for the sweeper for more than 10 minutes';
    warn({ code: 'DEAD_BACKLOG', subject: String(deadLong), detail });
  }
  if (abandoned > 0) {
    const detail = 'writes were abandoned more than 10 minutes ago and are not given up yet';
    warn({ code: 'WRITING_BACKLOG', subject: String(abandoned), detail });
  }
}

/**
 * Every live object belongs to a file or a part. That the object of each of those is live and there is what their own
 * checks tell; together they say that registry, store and what refers to them are one.
 */
export async function checkReferences(context: FsckContext): Promise<void> {
  const { database } = context;
  const pages = keyset(
    '',
    PAGE,
    (row: { key: string; referenced: boolean }) => row.key,
    (after, limit) => database.query(LIVE_OBJECTS, [after, limit]),
  );
  for await (const page of pages) {
    const suspects = page.filter((row) => !row.referenced).map((row) => row.key);
    for (const key of await unreferenced(context, suspects)) {
      context.report({
        code: 'OBJECT_UNREFERENCED',
        subject: key,
        detail: 'is live, and belongs to nothing',
      });
    }
  }
}

/**
 * Asks for the owner by the id in the key, which is quick and right for all that is in order. Scalar subqueries, here
 * and in other checks: unlike EXISTS they are never turned into a scan of the whole table, which a planner without
 * statistics (right after a restore) would do for every page.
 */
const LIVE_OBJECTS = `
  SELECT object.key, (
      SELECT true FROM files file
      WHERE file.id = object.owner AND file.object_key = object.key AND file.deleted_at IS NULL
    ) IS TRUE OR (
      SELECT true FROM upload_parts part WHERE part.upload_id = object.owner AND part.object_key = object.key LIMIT 1
    ) IS TRUE AS referenced
  FROM (
    SELECT key, CASE WHEN key ~ '^[a-z]+/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/'
                     THEN split_part(key, '/', 2)::uuid END AS owner
    FROM objects WHERE key > $1 AND state = 'live' ORDER BY key LIMIT $2
  ) object ORDER BY object.key`;

/** Those that are live now and that nothing refers to. A tombstone does: that its object lives is its own finding. */
async function unreferenced({ database }: FsckContext, keys: string[]): Promise<string[]> {
  if (keys.length === 0) return [];
  const rows = await database.query<{ key: string }>(
    `SELECT object.key FROM objects object WHERE object.key = ANY($1) AND object.state = 'live'
       AND NOT EXISTS (SELECT FROM files file WHERE file.object_key = object.key)
       AND NOT EXISTS (SELECT FROM upload_parts part WHERE part.object_key = object.key)
     ORDER BY object.key`,
    [keys],
  );
  return rows.map((row) => row.key);
}
