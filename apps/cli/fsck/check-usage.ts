import type { FsckContext } from './context';
import { HOLDS_STAGING } from './holds-staging';
import { BEFORE_ALL_IDS, keyset } from './keyset';

const PAGE = 200;

export interface Usage {
  charged: number;
  stored: number;
}

/** What the user `account.id` stores by the rows themselves, sealed and staged. */
export const STORED_BYTES = `(
    SELECT coalesce(sum(size), 0) FROM files WHERE owner_id = account.id AND deleted_at IS NULL
  ) + (
    SELECT coalesce(sum(upload.offset_bytes), 0) FROM uploads upload
    WHERE upload.owner_id = account.id AND ${HOLDS_STAGING}
  )`;

/** One statement, so that charges are seen together with what they were made for: they are committed together. */
const USAGE = `SELECT account.id, coalesce(usage.used_bytes, 0) AS charged, (${STORED_BYTES})::bigint AS stored
  FROM unnest($1::uuid[]) AS account (id) LEFT JOIN storage_usage usage ON usage.user_id = account.id`;

/** Everybody who stores, or is charged for, anything; also who has no account any more. */
const ACCOUNTS = `SELECT id FROM (
    (SELECT DISTINCT owner_id AS id FROM files WHERE owner_id > $1 AND deleted_at IS NULL ORDER BY 1 LIMIT $2)
    UNION (SELECT DISTINCT owner_id FROM uploads WHERE owner_id > $1 ORDER BY 1 LIMIT $2)
    UNION (SELECT user_id FROM storage_usage WHERE user_id > $1 ORDER BY 1 LIMIT $2)
  ) account ORDER BY id LIMIT $2`;

/** Every user is charged for exactly what he stores. */
export async function checkUsage(context: FsckContext): Promise<void> {
  const { database } = context;
  const pages = keyset(
    BEFORE_ALL_IDS,
    PAGE,
    (account: { id: string }) => account.id,
    (after, limit) => database.query<{ id: string }>(ACCOUNTS, [after, limit]),
  );
  for await (const page of pages) {
    const usages = await readUsages(
      context,
      page.map((account) => account.id),
    );
    for (const { id, charged, stored } of usages) {
      if (charged === stored) continue;
      const detail = `is charged for ${charged} bytes and stores ${stored}`;
      context.report({ code: 'USAGE_DRIFT', subject: id, detail }, { kind: 'recount', userId: id });
    }
  }
}

export async function readUsages(
  { database }: Pick<FsckContext, 'database'>,
  userIds: string[],
): Promise<(Usage & { id: string })[]> {
  return database.query(USAGE, [userIds]);
}
