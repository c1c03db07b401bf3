import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OwnServices, TestSystem, waitFor, type ApiClient } from '../support/system';

jest.setTimeout(180_000);

/** What the row of the acceptance list allows. */
const NOTICED_WITHIN = { timeoutMs: 10_000, everyMs: 100 };

let services: OwnServices;
let system: TestSystem;
let client: ApiClient;

beforeAll(async () => {
  services = await OwnServices.start({ durable: false });
  system = await TestSystem.start({ services });
  client = system.anonymous();
});
afterAll(async () => {
  await system.stop();
  await services.stop();
});

const mount = (...args: string[]) => execFileSync('mount', args, { stdio: 'ignore' });

/** A disk of a megabyte in the place of the objects; false where mounting is not allowed. */
function mountSmallDisk(): boolean {
  try {
    mount('-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', system.objectsDir);
    return true;
  } catch {
    process.emitWarning(
      'No right to mount a file system here: a file in the way stands in for a broken disk.',
    );
    return false;
  }
}

function replaceObjectsByAFile(): void {
  renameSync(system.objectsDir, `${system.objectsDir}.away`);
  writeFileSync(system.objectsDir, '');
}

function bringObjectsBack(): void {
  rmSync(system.objectsDir, { recursive: true });
  renameSync(`${system.objectsDir}.away`, system.objectsDir);
}

interface Outage {
  dependency: string;
  what: string;
  begin: () => void | Promise<void>;
  end: () => void | Promise<void>;
}

const keyring = () => system.env.KEYRING_FILE!;
const OUTAGES: Outage[] = [
  {
    dependency: 'redis',
    what: 'Redis stops',
    begin: () => services.redis.stop(),
    end: () => services.redis.restart(),
  },
  {
    dependency: 'redis',
    what: 'Redis hangs',
    begin: () => services.redis.freeze(),
    end: () => services.redis.thaw(),
  },
  {
    dependency: 'database',
    what: 'PostgreSQL stops',
    begin: () => services.postgres.stop(),
    end: () => services.postgres.restart(),
  },
  {
    dependency: 'keyring',
    what: 'the keyring goes',
    begin: () => renameSync(keyring(), `${keyring()}.away`),
    end: () => renameSync(`${keyring()}.away`, keyring()),
  },
  {
    dependency: 'storage',
    what: 'the objects’ directory is none',
    begin: replaceObjectsByAFile,
    end: bringObjectsBack,
  },
  {
    dependency: 'storage',
    what: 'the disk is full',
    begin: () => {
      if (mountSmallDisk()) {
        const fill = () => writeFileSync(join(system.objectsDir, 'fill'), Buffer.alloc(2 << 20));
        expect(fill).toThrow('ENOSPC');
      } else replaceObjectsByAFile();
    },
    end: freeTheDisk,
  },
  {
    dependency: 'storage',
    what: 'the disk is read-only',
    begin: () => {
      if (mountSmallDisk()) mount('-o', 'remount,ro', system.objectsDir);
      else replaceObjectsByAFile();
    },
    end: freeTheDisk,
  },
];

function freeTheDisk(): void {
  try {
    execFileSync('umount', ['--lazy', system.objectsDir], { stdio: 'ignore' });
  } catch {
    bringObjectsBack();
  }
}

it.each(OUTAGES)(
  'O02: $what, $dependency is named, the process lives, and recovers by itself',
  async (outage) => {
    mkdirSync(system.objectsDir, { recursive: true });
    await outage.begin();
    try {
      const { body } = await waitFor(
        `readiness to name ${outage.dependency}`,
        async () => {
          const answer = await client.get('/api/health/ready');
          return answer.status === 503 ? answer : null;
        },
        NOTICED_WITHIN,
      );
      expect(body.code).toBe('DEPENDENCY_UNAVAILABLE');
      expect(body.errors.map((error: { pointer: string }) => error.pointer)).toContain(outage.dependency);
      // Names, and nothing of addresses, paths or passwords.
      expect(JSON.stringify(body)).not.toMatch(/127\.0\.0\.1|ECONN|EROFS|ENO|throw-away|\/tmp/);
      expect((await client.get('/api/health/live')).status).toBe(200);
    } finally {
      await outage.end();
    }
    await waitFor('everything to be ready again', async () => {
      const { status } = await client.get('/api/health/ready');
      return status === 200;
    });
    for (const { alive, crashed } of system.processes)
      expect({ alive, crashed }).toEqual({ alive: true, crashed: false });
  },
);
