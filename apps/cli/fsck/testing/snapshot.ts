import { readFile, readdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '@waybill/platform/database';

const TABLES = [
  'objects',
  'files',
  'uploads',
  'upload_parts',
  'storage_usage',
  'events',
  'event_outbox',
  'event_feed',
];

/** All rows and bytes of an installation, kept in memory: to damage it and have it back is quicker than a new one. */
export class Snapshot {
  static async take(database: Database, directory: string): Promise<Snapshot> {
    const rows = new Map<string, string>();
    for (const table of TABLES) {
      const [all] = await database.query<{ rows: string }>(
        `SELECT coalesce(json_agg(content), '[]')::text AS rows FROM ${table} content`,
      );
      rows.set(table, all!.rows);
    }
    const bytes = new Map<string, Buffer>();
    for (const path of await filesIn(directory)) bytes.set(path, await readFile(path));
    return new Snapshot(database, directory, rows, bytes);
  }

  private constructor(
    private readonly database: Database,
    private readonly directory: string,
    private readonly rows: ReadonlyMap<string, string>,
    private readonly bytes: ReadonlyMap<string, Buffer>,
  ) {}

  /** Files are put back where they were; directories stay, because the store knows them. */
  async restore(): Promise<void> {
    await this.database.transaction(async (tx) => {
      for (const table of [...TABLES].reverse()) await this.database.query(`DELETE FROM ${table}`, [], tx);
      for (const [table, rows] of this.rows) {
        const insert = `INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1::json)`;
        await this.database.query(insert, [rows], tx);
      }
    });
    for (const path of await filesIn(this.directory)) await unlink(path);
    for (const [path, content] of this.bytes) await writeFile(path, content);
  }
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
