import type { FsckContext } from './context';
import { STORED_BYTES, readUsages } from './check-usage';
import type { Finding, Remedy } from './finding';

/** How much may look wrong, in number and as a share, before a repair wants to be asked for twice. */
const FEW = 5;
const SHARE = 0.1;
/** How many remedies are kept for one run, so that memory stays bounded. The next run takes up the rest. */
const MOST = 100_000;

export interface Case {
  finding: Finding;
  remedy: Remedy;
}

export interface Outcome {
  finding: Finding;
  /** `healed`: it is no finding any more. `marked`: it still is, and nobody takes it for sound. */
  result: 'healed' | 'marked' | 'refused' | 'overtaken';
  detail: string;
}

/** Does what can be done about findings. It deletes no bytes, and what lives it leaves alone. */
export class Repairs {
  private readonly cases: Case[] = [];
  /** What looks wrong, of each kind; remedies beyond those that are kept are counted all the same. */
  private readonly counts = { 'mark-corrupt': 0, bury: 0, recount: 0 };

  add(finding: Finding, remedy: Remedy): void {
    this.counts[remedy.kind] += 1;
    if (this.cases.length < MOST) this.cases.push({ finding, remedy });
  }

  async *run(context: FsckContext): AsyncGenerator<Outcome> {
    for (const { finding, remedy } of this.cases) {
      const outcome = this.refusal(context, remedy) ?? (await apply(context, remedy));
      yield { finding, ...outcome };
    }
  }

  /** When much is wrong at once, the likelier story is an old database, an unmounted disk or another's keyring. */
  private refusal({ options, tally }: FsckContext, { kind }: Remedy): Omit<Outcome, 'finding'> | null {
    if (options.force || kind === 'recount' || options.fileId !== null) return null;
    const suspects = this.counts[kind];
    const all = kind === 'bury' ? tally.listed : tally.files;
    if (suspects <= FEW || suspects <= all * SHARE) return null;
    const what = kind === 'bury' ? 'objects look orphaned' : 'files look damaged';
    return {
      result: 'refused',
      detail: `${suspects} of ${all} ${what}: are database, store and keyring of one installation, and of one time? --force does it`,
    };
  }
}

async function apply(context: FsckContext, remedy: Remedy): Promise<Omit<Outcome, 'finding'>> {
  switch (remedy.kind) {
    case 'mark-corrupt':
      return (await markCorrupt(context, remedy))
        ? { result: 'marked', detail: 'is marked corrupt' }
        : { result: 'overtaken', detail: 'was marked already, or changed' };
    case 'bury':
      return (await bury(context, remedy))
        ? { result: 'healed', detail: 'is left to the sweeper' }
        : { result: 'overtaken', detail: 'is registered, or belongs to something, by now' };
    case 'recount':
      return (await recount(context, remedy.userId))
        ? { result: 'healed', detail: 'is charged for what is stored' }
        : { result: 'overtaken', detail: 'is charged for something else than is stored all the same' };
  }
}

async function markCorrupt(
  { database, outbox }: FsckContext,
  { fileId, objectKey, objectVersion }: Extract<Remedy, { kind: 'mark-corrupt' }>,
): Promise<boolean> {
  return database.transaction(async (tx) => {
    const [file] = await database.query<{ ownerId: string; fileName: string }>(
      `UPDATE files SET status = 'corrupt', revision = revision + 1, updated_at = now()
       WHERE id = $1 AND object_key = $2 AND object_version = $3 AND status = 'available' AND deleted_at IS NULL
       RETURNING owner_id AS "ownerId", name AS "fileName"`,
      [fileId, objectKey, objectVersion],
      tx,
    );
    if (!file) return false;
    const { ownerId, fileName } = file;
    await outbox.append(tx, {
      type: 'file.corrupt',
      actorId: null,
      ownerId,
      subjectId: fileId,
      data: { fileId, fileName, code: 'INTEGRITY_FAILURE' },
    });
    return true;
  });
}

/** Registers bytes as dead, unless something refers to them after all: they are its, whatever the registry forgot. */
async function bury(
  { database }: FsckContext,
  { key, driver, size }: Extract<Remedy, { kind: 'bury' }>,
): Promise<boolean> {
  const rows = await database.query(
    `INSERT INTO objects (key, driver, state, size, died_at)
     SELECT $1, $2, 'dead', $3, now()
     WHERE NOT EXISTS (SELECT FROM files WHERE object_key = $1 AND deleted_at IS NULL)
       AND NOT EXISTS (SELECT FROM upload_parts WHERE object_key = $1)
     ON CONFLICT (key) DO NOTHING RETURNING key`,
    [key, driver, size],
  );
  return rows.length > 0;
}

/**
 * Counts under the lock of the charge's row: who has charged has committed by then, and who has not waits and adds to
 * what is right.
 */
async function recount({ database }: FsckContext, userId: string): Promise<boolean> {
  await database.transaction(async (tx) => {
    await database.query(
      `INSERT INTO storage_usage AS usage (user_id) VALUES ($1)
       ON CONFLICT (user_id) DO UPDATE SET used_bytes = usage.used_bytes`,
      [userId],
      tx,
    );
    await database.query(
      `UPDATE storage_usage SET used_bytes = account.stored
       FROM (SELECT account.id, ${STORED_BYTES} AS stored FROM (VALUES ($1::uuid)) AS account (id)) account
       WHERE user_id = account.id`,
      [userId],
      tx,
    );
  });
  const [usage] = await readUsages({ database }, [userId]);
  return usage!.charged === usage!.stored;
}
