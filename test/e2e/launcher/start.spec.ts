import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../support/system/ports';
import { waitFor } from '../../support/system/wait-for';
import { Checkout, type Launched } from './checkout';

jest.setTimeout(120_000);

const RUNS = /Ctrl-C stops everything/;

describe('npm start', () => {
  let checkout: Checkout;
  let port: number;

  beforeEach(async () => {
    checkout = new Checkout();
    port = await freePort();
  });
  afterEach(() => checkout.dispose());

  const start = (): Launched => checkout.launch('start.mjs', ['--port', String(port)]);
  const api = async (): Promise<Record<string, string> & { pid: number }> =>
    (await fetch(`http://127.0.0.1:${port}/`)).json() as never;
  /** The database while it is being made, and what belongs to it. */
  const drafts = (): string[] =>
    readdirSync(checkout.dataDir)
      .filter((name) => name.includes('.new'))
      .map((name) => join(checkout.dataDir, name));
  const processes = (): { name: string; pid: number }[] => checkout.readData('run/processes.json');

  it('brings everything up, says how to use it, and takes it down on Ctrl-C', async () => {
    const launched = start();
    await launched.says(RUNS);
    const env = await api();
    expect(env).toMatchObject({ DATA_DIR: checkout.dataDir });
    expect(env.DATABASE_URL).toMatch(/^postgres:\/\/waybill:[^@]+@127\.0\.0\.1:\d+\/waybill$/);
    expect(env.KEYRING_FILE).toBe(join(checkout.dataDir, 'keyring.json'));

    const accounts = checkout.readData<{ accounts: { email: string; password: string }[] }>(
      'accounts.json',
    ).accounts;
    for (const { email, password } of accounts)
      expect(launched.output).toContain(`login ${email} ${password}`);
    expect(launched.output).toContain(`http://localhost:${port}/api/docs`);
    expect(launched.output).toContain('api: warning: Test: a warning');
    expect(launched.output).toContain('api: Mail for somebody');
    expect(launched.output).not.toContain('listening');
    expect(readFileSync(join(checkout.dataDir, 'logs/api.log'), 'utf8')).toContain('listening');
    expect(checkout.commands().map(({ command }) => command)).toEqual([
      'migrate',
      'user:create',
      'user:create',
    ]);

    expect(await launched.stop()).toEqual({ code: 0, signal: null });
    expect(launched.output).toMatch(/Stopped\n$/);
    expect(processes().filter(({ pid }) => isAlive(pid))).toEqual([]);
  });

  it('keeps what the first start made up', async () => {
    const first = start();
    await first.says(RUNS);
    const before = await api();
    await first.stop();
    const second = start();
    await second.says(RUNS);
    const after = await api();
    expect([after.JWT_SECRET, after.LINK_SECRET]).toEqual([before.JWT_SECRET, before.LINK_SECRET]);
    expect(second.output).not.toMatch(/Creating the database|Installing|Building/);
    expect(checkout.commands().map(({ command }) => command)).toEqual([
      'migrate',
      'user:create',
      'user:create',
      'migrate',
    ]);
  });

  it('keeps secrets from other users of the machine', async () => {
    const launched = start();
    await launched.says(RUNS);
    for (const name of [
      'secrets.json',
      'keyring.json',
      'accounts.json',
      'run/services.json',
      'logs/api.log',
    ]) {
      expect([name, statSync(join(checkout.dataDir, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
    const { JWT_SECRET, DATABASE_PASSWORD, REDIS_PASSWORD } =
      checkout.readData<Record<string, string>>('secrets.json');
    const visible = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
    for (const secret of [JWT_SECRET, DATABASE_PASSWORD, REDIS_PASSWORD]) {
      expect(Buffer.from(secret!, 'base64url').length).toBeGreaterThanOrEqual(24);
      expect(visible).not.toContain(secret);
    }
  });

  it.each(['api', 'worker', 'postgres', 'redis'])(
    'starts a killed %s again where it was, and says so',
    async (name) => {
      const launched = start();
      await launched.says(RUNS);
      const before = await api();
      // The last one recorded is the program, not its guard.
      process.kill(
        processes()
          .filter((process) => process.name === name)
          .at(-1)!.pid,
        'SIGKILL',
      );
      await launched.says(new RegExp(`${name} ended \\(killed by SIGKILL\\)`));
      await launched.says(new RegExp(`${name} runs again`));
      const after = await api();
      expect([after.DATABASE_URL, after.REDIS_URL]).toEqual([before.DATABASE_URL, before.REDIS_URL]);
      expect(count(checkout)).toBe('1');
    },
  );

  it.each(['postgres', 'redis'])('starts %s again when its guard is killed', async (name) => {
    const launched = start();
    await launched.says(RUNS);
    process.kill(processes().find((process) => process.name === name)!.pid, 'SIGKILL');
    await launched.says(new RegExp(`${name} runs again`));
    expect(count(checkout)).toBe('1');
  });

  it('leaves nothing behind that stops the next start, when it is killed', async () => {
    const first = start();
    await first.says(RUNS);
    const left = processes();
    first.kill('SIGKILL');
    const second = start();
    await second.says(RUNS);
    expect(left.filter(({ pid }) => isAlive(pid))).toEqual([]);
    expect(count(checkout)).toBe('1');
  });

  it('starts after everything was killed at once', async () => {
    const first = start();
    await first.says(RUNS);
    for (const { pid } of processes()) killIfAlive(pid);
    first.kill('SIGKILL');
    await first.exited;
    const second = start();
    await second.says(RUNS);
    expect(count(checkout)).toBe('1');
  });

  it.each(['', 'pg_wal', 'base/1', 'base/1/PG_VERSION', 'base/4'])(
    'starts after the first start was killed while it made the database (having made "%s")',
    async (made) => {
      const first = start();
      await first.says(/Creating the database/);
      await waitFor('the draft', async () => drafts().some((draft) => existsSync(join(draft, made))), {
        everyMs: 1,
      });
      first.kill('SIGKILL');
      const second = start();
      await second.says(RUNS);
      expect(drafts()).toEqual([]);
    },
  );

  it('names a port that is taken, before it does anything', async () => {
    const other = createServer().listen(port, '127.0.0.1');
    const launched = start();
    expect(await launched.exited).toEqual({ code: 1, signal: null });
    expect(launched.output).toBe(
      `Port ${port} is in use by another program. Set PORT to a free one: PORT=${port + 1} npm start\n`,
    );
    expect(existsSync(join(checkout.dataDir, 'postgres'))).toBe(false);
    other.close();
  });

  it('refuses a second start with the same data, and leaves the first alone', async () => {
    const first = start();
    await first.says(RUNS);
    const second = checkout.launch('start.mjs', ['--port', String(await freePort())]);
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.output).toContain(`Waybill runs already with this data directory (pid ${first.child.pid})`);
    expect((await fetch(`http://127.0.0.1:${port}/api/health/ready`)).status).toBe(200);
  });

  it('stops in the middle of a start', async () => {
    const launched = start();
    await launched.says(/Creating the database/);
    expect(await launched.stop()).toEqual({ code: 0, signal: null });
    const second = start();
    await second.says(RUNS);
  });

  it('ends what hangs when it is asked a second time', async () => {
    const launched = checkout.launch('start.mjs', ['--port', String(port)], { HANGS: 'yes' });
    await launched.says(RUNS);
    launched.kill('SIGINT');
    await launched.says(/Stopping\n/);
    // A second Ctrl-C within the same moment is npm's echo of the first; somebody impatient goes on pressing.
    const impatient = setInterval(() => launched.kill('SIGINT'), 100);
    expect(await launched.exited).toEqual({ code: 0, signal: null });
    clearInterval(impatient);
    expect(launched.output).toContain('Stopping at once');
    expect(processes().filter(({ pid }) => isAlive(pid))).toEqual([]);
  });

  it('makes nothing up in production', async () => {
    const launched = checkout.launch('start.mjs', ['--port', String(port)], {
      NODE_ENV: 'production',
      DATA_DIR: checkout.dataDir,
    });
    await launched.says(RUNS);
    for (const name of ['secrets.json', 'keyring.json', 'accounts.json', 'postgres']) {
      expect([name, existsSync(join(checkout.dataDir, name))]).toEqual([name, false]);
    }
    expect(await api()).toEqual({
      pid: expect.any(Number),
      DATA_DIR: checkout.dataDir,
    });
  });
});

/** A command that needs the database, while it runs or without. */
function count(checkout: Checkout): string {
  return execFileSync(process.execPath, [join(checkout.root, 'scripts/cli.mjs'), 'count'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

/** Zombies are dead: where process 1 does not reap, they stay. */
function isAlive(pid: number): boolean {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  return state !== '' && !state.startsWith('Z');
}

function killIfAlive(pid: number): void {
  if (isAlive(pid)) process.kill(pid, 'SIGKILL');
}
