import type { ApiApp } from './api-app';

/** Files that are in the catalogue alone, without bytes; `n` counts them in SQL. */
export interface ManyFiles {
  owner: string;
  count: number;
  /** SQL for each. */
  name?: string;
  description?: string;
  visibility?: string;
  createdAt?: string;
  /** Address of whoever gets those that are restricted. */
  recipient?: string;
}

/** Puts many files into the catalogue: the indexes on texts are built when all are there, which takes less time. */
export async function insertManyFiles(api: ApiApp, fills: ManyFiles[]): Promise<void> {
  const indexes = await api.query<{ name: string; sql: string }>(
    `SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE tablename = 'files' AND indexdef LIKE '% gin %'`,
  );
  for (const { name } of indexes) await api.query(`DROP INDEX ${name}`);
  for (const {
    owner,
    count,
    name = `'file-' || n`,
    description = 'NULL',
    visibility = `'clients'`,
    createdAt = `timestamptz '2026-01-01' + n * interval '1 minute'`,
    recipient,
  } of fills) {
    await api.query(
      `WITH file AS (
         INSERT INTO files (id, owner_id, name, extension, media_type, category, description, visibility, size, sha256, object_key,
           object_version, wrapped_dek, kek_id, created_at)
         SELECT gen_random_uuid(), $1, ${name} || '.docx', 'docx', 'x', 'document', ${description}, ${visibility}, (n * 7919) % 1000003,
           '\\x00', gen_random_uuid()::text, 1, '\\x00', 'k', ${createdAt}
         FROM generate_series(1, $2::int) n RETURNING id, visibility, created_at, name, size
       )
       INSERT INTO file_grants (file_id, email, created_at, name, size)
       SELECT id, $3::text, created_at, name, size FROM file WHERE visibility = 'restricted' AND $3::text IS NOT NULL`,
      [owner, count, recipient ?? null],
    );
  }
  for (const { sql } of indexes) await api.query(sql);
  await api.query('VACUUM ANALYZE files, file_grants');
}
