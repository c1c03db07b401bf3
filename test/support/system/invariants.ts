import type { AppProcess } from './app-process';
import { keyOf, type TestSystem } from './test-system';
import { waitFor } from './wait-for';

/** How many connections a process may hold beside those to the database: Redis, its queues, kept-alive clients. */
const OTHER_CONNECTIONS = 40;

export interface Expectation {
  /** The files that `fsck` must name, and nothing else; by default it finds nothing. */
  damaged?: string[];
}

/**
 * What holds after every row of the acceptance list:
 * I1: no process ended by itself;
 * I2: `fsck` finds nothing wrong, or exactly what the test has damaged;
 * I3: within ten seconds nothing is open that was not open in the beginning, and staging holds what live uploads own.
 */
export async function assertInvariants(
  system: TestSystem,
  { damaged = [] }: Expectation = {},
): Promise<void> {
  for (const each of system.processes) each.assertNotCrashed();
  const open = system.processes.filter((each) => each.alive && system.baselines.has(each));
  for (const each of open) await descriptorsBack(system, each);
  await stagingSettled(system);
  await assertSound(system, damaged);
}

async function assertSound(system: TestSystem, damaged: string[]): Promise<void> {
  const { code, stdout, stderr } = await system.cli('fsck', '--json');
  const lines = stdout.split('\n').filter((line) => line !== '');
  const findings = lines.map((line) => JSON.parse(line) as { type: string; subject: string });
  const subjects = [...new Set(findings.filter(({ type }) => type === 'finding').map((it) => it.subject))];
  const expected = { code: damaged.length > 0 ? 1 : 0, subjects: [...damaged].sort() };
  if (JSON.stringify({ code, subjects: subjects.sort() }) !== JSON.stringify(expected))
    throw new Error(`I2: fsck ended with ${code}, not as expected:\n${stdout}${stderr}`);
}

async function descriptorsBack(system: TestSystem, each: AppProcess): Promise<void> {
  const baseline = system.baselines.get(each)!;
  const most = Number(system.env.DATABASE_POOL_SIZE) + OTHER_CONNECTIONS;
  let now = each.descriptors();
  await waitFor(
    `I3: the descriptors of the ${each.name} to be back`,
    async () => {
      now = each.descriptors();
      return now.files.length <= baseline.files.length && now.halfClosed === 0 && now.connections <= most;
    },
    { timeoutMs: 10_000, everyMs: 50 },
  ).catch((error: Error) => {
    throw new Error(`${error.message}\n${JSON.stringify({ baseline, now }, null, 1)}`);
  });
}

/** Everything below staging, unfinished writes too, belongs to an upload that may still need it. */
async function stagingSettled(system: TestSystem): Promise<void> {
  let strays: string[] = [];
  await waitFor(
    'I3: staging to hold what live uploads own',
    async () => {
      const owned = await system.query<{ id: string }>(
        `SELECT id FROM uploads WHERE status IN ('uploading', 'received', 'encrypting')
            OR (status = 'failed' AND failure_code = 'SEALING_FAILED')`,
      );
      const ids = new Set(owned.map(({ id }) => id));
      const stored = await system.storedFiles();
      strays = stored.filter((path) => {
        const [namespace, uploadId] = keyOf(path).split('/');
        return namespace === 'staging' && !ids.has(uploadId!);
      });
      return strays.length === 0;
    },
    { timeoutMs: 10_000, everyMs: 100 },
  ).catch((error: Error) => {
    throw new Error(`${error.message}\n${strays.join('\n')}`);
  });
}
