import { join } from 'node:path';
import type { ListedObject } from '../object-store';
import { errnoOf, toStorageError } from './file-errors';
import type { FileSystem } from './file-system';
import type { Layout } from './layout';

/** How many files are looked at together. */
const BATCH = 64;

/** Walks `<root>/<namespace>/<shard>/`. Holds one batch of names at a time, however many objects there are. */
export async function* listObjects(
  fs: FileSystem,
  layout: Layout,
  prefix: string,
): AsyncGenerator<ListedObject> {
  for await (const namespace of names(fs, layout.root)) {
    if (!`${namespace}/`.startsWith(prefix.slice(0, namespace.length + 1))) continue;
    for await (const shard of names(fs, join(layout.root, namespace))) {
      const directory = join(layout.root, namespace, shard);
      let batch: Found[] = [];
      for await (const name of names(fs, directory)) {
        const found = layout.identify(namespace, shard, name);
        if (!found?.key.startsWith(prefix)) continue;
        batch.push({ ...found, path: join(directory, name) });
        if (batch.length < BATCH) continue;
        yield* present(fs, batch);
        batch = [];
      }
      yield* present(fs, batch);
    }
  }
}

interface Found {
  key: string;
  partial: boolean;
  path: string;
}

async function* present(fs: FileSystem, batch: Found[]): AsyncGenerator<ListedObject> {
  const objects = await Promise.all(batch.map((found) => look(fs, found)));
  for (const object of objects) if (object) yield object;
}

/** Null when the file has gone since its name was read. */
async function look(fs: FileSystem, { key, partial, path }: Found): Promise<ListedObject | null> {
  try {
    const { size, mtime } = await fs.lstat(path);
    return { key, size, modifiedAt: mtime, ...(partial && { partial }) };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw toStorageError(error);
  }
}

/** The names in a directory; none when it is not there, or is none. */
async function* names(fs: FileSystem, directory: string): AsyncGenerator<string> {
  try {
    for await (const { name } of await fs.opendir(directory)) yield name;
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw toStorageError(error);
  }
}
