import type { ListedObject, ObjectStore } from '@waybill/platform/storage';
import type { FsckContext } from './context';
import { UnfinishedSuspects } from './unfinished-suspects';

const BATCH = 500;

/**
 * Every object in the store is registered, and every unfinished write belongs to one that is being written, or given
 * up. An object is registered before its first byte and forgotten after its last: so what is listed, then has no row,
 * and then is still there, never had one.
 */
export async function checkStore(context: FsckContext): Promise<void> {
  for (const store of await storesInUse(context)) {
    const unfinished = new UnfinishedSuspects(context, store);
    for (const prefix of await prefixes(context)) {
      for await (const batch of batches(store.list(prefix)))
        await checkBatch(context, store, batch, unfinished);
    }
    await unfinished.settle();
  }
}

/** Where new objects go, and wherever the registry says that some are. */
async function storesInUse({ database, stores }: FsckContext): Promise<ObjectStore[]> {
  const rows = await database.query<{ driver: string }>('SELECT DISTINCT driver FROM objects');
  return [...new Set([stores.default.driver, ...rows.map((row) => row.driver)])].map((driver) =>
    stores.of(driver),
  );
}

/** All there is, or all that can be of one file and of its upload. */
async function prefixes({ database, options }: FsckContext): Promise<string[]> {
  if (options.fileId === null) return [''];
  const uploads = await database.query<{ id: string }>('SELECT id FROM uploads WHERE file_id = $1', [
    options.fileId,
  ]);
  return [`vault/${options.fileId}/`, ...uploads.map(({ id }) => `staging/${id}/`)];
}

async function* batches(listing: AsyncIterable<ListedObject>): AsyncGenerator<ListedObject[]> {
  let batch: ListedObject[] = [];
  for await (const entry of listing) {
    batch.push(entry);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function checkBatch(
  context: FsckContext,
  store: ObjectStore,
  batch: ListedObject[],
  unfinished: UnfinishedSuspects,
): Promise<void> {
  context.tally.listed += batch.length;
  context.progress.advance(0, 0);
  const states = await registered(context, store, batch);
  const unknown: ListedObject[] = [];
  for (const entry of batch) {
    const state = states.get(entry.key);
    if (!entry.partial && state === undefined) unknown.push(entry);
    if (entry.partial && (state === undefined || state === 'live'))
      await unfinished.add(entry, state ?? null);
  }
  await reportOrphans(context, store, unknown);
}

async function registered(
  { database }: FsckContext,
  store: ObjectStore,
  entries: ListedObject[],
): Promise<Map<string, string>> {
  const rows = await database.query<{ key: string; state: string }>(
    'SELECT key, state FROM objects WHERE key = ANY($1) AND driver = $2',
    [entries.map((entry) => entry.key), store.driver],
  );
  return new Map(rows.map((row) => [row.key, row.state]));
}

async function reportOrphans(
  context: FsckContext,
  store: ObjectStore,
  entries: ListedObject[],
): Promise<void> {
  const present: ListedObject[] = [];
  for (const entry of entries) if (await store.head(entry.key)) present.push(entry);
  const owned = await referenced(context, present);
  for (const { key, size } of present) {
    // Lost by the registry and not by its owner, whose own check tells of it. It is nothing to be swept.
    if (owned.has(key)) continue;
    const detail = `${size} bytes in the ${store.driver} store that no row tells of`;
    context.report(
      { code: 'ORPHAN_OBJECT', subject: key, detail },
      { kind: 'bury', key, driver: store.driver, size },
    );
  }
}

async function referenced({ database }: FsckContext, entries: ListedObject[]): Promise<Set<string>> {
  if (entries.length === 0) return new Set();
  const rows = await database.query<{ key: string }>(
    `SELECT object_key AS key FROM files WHERE object_key = ANY($1) AND deleted_at IS NULL
     UNION ALL SELECT object_key FROM upload_parts WHERE object_key = ANY($1)`,
    [entries.map((entry) => entry.key)],
  );
  return new Set(rows.map((row) => row.key));
}
