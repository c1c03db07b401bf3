import { AppError } from '@waybill/core/kernel';
import type { Database } from '@waybill/platform/database';
import type { Outbox } from '@waybill/platform/events';
import type { Keyring } from '@waybill/platform/keyring';
import type { ObjectStores } from '@waybill/platform/storage';
import { checkFeed } from './check-feed';
import { checkFiles } from './check-files';
import { checkBacklog, checkReferences } from './check-registry';
import { checkStore } from './check-store';
import { checkUploads } from './check-uploads';
import { checkUsage } from './check-usage';
import type { FsckContext, FsckOptions, Progress, Tally } from './context';
import type { Finding, Warning } from './finding';
import { Repairs, type Outcome } from './repair';
import { SegmentBuffers } from './sealed-object';

/** What is examined: rows, bytes and keys. The outbox is for what a repair announces. */
export interface Installation {
  database: Database;
  stores: ObjectStores;
  keyring: Keyring;
  outbox: Outbox;
}

/** Who is told, as things are found. */
export interface Observer {
  finding(finding: Finding): void;
  warning(warning: Warning): void;
  repair(outcome: Outcome): void;
  progress: Progress;
}

export interface Summary extends Tally {
  findings: number;
  warnings: number;
  /** Findings that are none any more, because they were repaired. */
  healed: number;
  seconds: number;
}

/**
 * Proves that rows, bytes and keys fit together, on a system that runs or stands still: what moves while it looks is
 * looked at again before it is called a finding. Memory does not grow with what there is. Reads one object at a time.
 *
 * @throws AppError `DEPENDENCY_UNAVAILABLE` when a store cannot be asked, `NOT_FOUND` for a file that is not there;
 * whatever the database throws. Nothing is proved then.
 */
export async function fsck(
  installation: Installation,
  options: FsckOptions,
  observer: Observer,
): Promise<Summary> {
  const startedAt = performance.now();
  if (options.fileId !== null) await assertKnown(installation.database, options.fileId);
  const counts = { findings: 0, warnings: 0, healed: 0 };
  const repairs = new Repairs();
  const context: FsckContext = {
    ...installation,
    options,
    progress: observer.progress,
    buffers: new SegmentBuffers(),
    tally: { files: 0, uploads: 0, listed: 0, verifiedBytes: 0, dead: 0, writing: 0 },
    report(finding, remedy) {
      counts.findings += 1;
      observer.finding(finding);
      if (options.repair && remedy) repairs.add(finding, remedy);
    },
    warn(warning) {
      counts.warnings += 1;
      observer.warning(warning);
    },
  };
  await expectWork(context);
  for (const [name, check] of checksFor(options)) {
    context.progress.phase(name);
    await check(context);
  }
  for await (const outcome of repairs.run(context)) {
    if (outcome.result === 'healed') counts.healed += 1;
    observer.repair(outcome);
  }
  return { ...context.tally, ...counts, seconds: (performance.now() - startedAt) / 1000 };
}

async function assertKnown(database: Database, fileId: string): Promise<void> {
  const known = await database.query(
    'SELECT FROM files WHERE id = $1 UNION ALL SELECT FROM uploads WHERE file_id = $1',
    [fileId],
  );
  if (known.length === 0) throw new AppError('NOT_FOUND', `There is no file ${fileId}, and no upload of it.`);
}

type Check = [name: string, run: (context: FsckContext) => Promise<void>];

function checksFor({ fileId }: FsckOptions): Check[] {
  const ofOne: Check[] = [
    ['files', checkFiles],
    ['uploads', checkUploads],
    ['store', checkStore],
  ];
  const ofAll: Check[] = [
    ['registry', checkBacklog],
    ['references', checkReferences],
    ['usage', checkUsage],
    ['events', checkFeed],
  ];
  return fileId === null ? [...ofOne, ...ofAll] : ofOne;
}

async function expectWork({ database, options, progress }: FsckContext): Promise<void> {
  const [live] = await database.query<{ objects: number; bytes: number }>(
    `SELECT count(*) AS objects, coalesce(sum(size), 0)::bigint AS bytes FROM objects
     WHERE state = 'live' AND ($1::uuid IS NULL OR key LIKE 'vault/' || $1 || '/%')`,
    [options.fileId],
  );
  progress.expect(live!.objects, live!.bytes);
}
