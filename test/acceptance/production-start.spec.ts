import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeyringFile } from '@waybill/platform/keyring';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { requireService } from '../support/environment';
import { freePort } from '../support/system';

jest.setTimeout(600_000);

const ROOT = join(__dirname, '../..');
const APPS = ['api', 'worker'] as const;
/** The acceptance list allows ten seconds, on a machine that has nothing else to do. */
const LIMIT_MS = 60_000;
/** Two cores are common: more at once only wait for each other. */
const AT_ONCE = 3;

let directory: string;
let database: TestDatabase;
let good: NodeJS.ProcessEnv;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'waybill-production-'));
  database = await createTestDatabase();
  const keyring = join(directory, 'keyring.json');
  await createKeyringFile(keyring);
  good = {
    NODE_ENV: 'production',
    PUBLIC_URL: 'https://files.example.org',
    SMTP_URL: 'smtp://127.0.0.1:1',
    MAIL_FROM: 'Files <files@example.org>',
    SIGNUP_POLICY: 'invite',
    DATA_DIR: directory,
    DATABASE_URL: database.url,
    // A password that would not do in production is the test server’s, not what is looked at here.
    REDIS_URL: requireService('WAYBILL_TEST_REDIS_URL').replace(/\/\/[^@]*@/, '//'),
    KEYRING_FILE: keyring,
    JWT_SECRET: randomBytes(48).toString('base64url'),
    LINK_SECRET: randomBytes(48).toString('base64url'),
  };
});
afterAll(async () => {
  await database.drop();
  rmSync(directory, { recursive: true });
});

interface Outcome {
  code: number | null;
  output: string;
  opened: boolean;
  inTime: boolean;
}

/** Starts a process of the build, and sees how it ends and whether its port ever opened. */
async function start(app: (typeof APPS)[number], env: NodeJS.ProcessEnv): Promise<Outcome> {
  const port = await freePort();
  const started = performance.now();
  const child = spawn(process.execPath, [join(ROOT, `dist/apps/${app}/main.js`)], {
    cwd: directory,
    env: { PATH: process.env.PATH, ...env, PORT: String(port), METRICS_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const overdue = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  let opened = false;
  const knocking = setInterval(() => {
    const socket = connect(port, '127.0.0.1', () => {
      opened = true;
      socket.destroy();
    });
    socket.on('error', () => undefined);
  }, 20);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(overdue);
  clearInterval(knocking);
  return { code, output, opened, inTime: performance.now() - started < LIMIT_MS };
}

type Row = [what: string, changes: () => NodeJS.ProcessEnv, says: RegExp];

/** Refusals of both processes to all rows; what is answered is what was not refused as it should be. */
async function accepted(rows: Row[]): Promise<string[]> {
  const wrong: string[] = [];
  const work = APPS.flatMap((app) => rows.map((row) => [app, row] as const));
  const next = async (): Promise<void> => {
    for (let item = work.shift(); item !== undefined; item = work.shift()) {
      const [app, [what, changes, says]] = item;
      const { code, output, opened, inTime } = await start(app, { ...good, ...changes() });
      const refused = code !== 0 && code !== null && inTime && !opened && says.test(output);
      if (!refused) wrong.push(`${app}, ${what}: ${JSON.stringify({ code, inTime, opened, output })}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  return wrong;
}

/** A keyring file with this text, for its owner alone. */
function keyringOf(name: string, key: Buffer): NodeJS.ProcessEnv {
  mkdirSync(join(directory, 'bad'), { recursive: true });
  const path = join(directory, 'bad', `${name}.json`);
  const entry = { id: 'a', createdAt: '2026-01-01T00:00:00.000Z', key: key.toString('base64') };
  writeFileSync(path, JSON.stringify({ version: 1, primary: 'a', keys: [entry] }), { mode: 0o600 });
  return { KEYRING_FILE: path };
}

it('O03: refuses to start without what production needs, and names it', async () => {
  const ways = [undefined, '', ' \t '];
  const names = Object.keys(good).filter((name) => name !== 'NODE_ENV');
  expect(names).toHaveLength(10);
  const rows = names.map((name, at): Row => {
    const value = ways[at % ways.length];
    return [`${name}=${value}`, () => ({ [name]: value }), new RegExp(`${name} is missing`)];
  });
  expect(await accepted(rows)).toEqual([]);
});

it('O04: refuses samples, weak and repeated secrets, bad keys, and a schema that follows the code', async () => {
  const shared = randomBytes(32);
  const rows: Row[] = [
    ['a sample', () => ({ JWT_SECRET: 'change-me-change-me-change-me-change-me' }), /JWT_SECRET .*sample/],
    ['the example’s sender', () => ({ MAIL_FROM: 'Waybill <waybill@localhost.localdomain>' }), /MAIL_FROM/],
    ['the example’s address', () => ({ PUBLIC_URL: 'http://localhost:3000' }), /PUBLIC_URL/],
    ['one secret for two', () => ({ LINK_SECRET: good.JWT_SECRET }), /LINK_SECRET is the same as JWT_SECRET/],
    ['31 bytes', () => keyringOf('short', randomBytes(31)), /not the base64 of 32 bytes/],
    ['zeros', () => keyringOf('zero', Buffer.alloc(32)), /no random key/],
    [
      'a key that signs tokens',
      () => ({ ...keyringOf('shared', shared), JWT_SECRET: shared.toString('base64url') }),
      /JWT_SECRET or LINK_SECRET, too/,
    ],
    [
      'a keyring that all can read',
      () => {
        const env = keyringOf('open', randomBytes(32));
        chmodSync(env.KEYRING_FILE!, 0o644);
        return env;
      },
      /chmod 600/,
    ],
    ['DB_SYNC', () => ({ DB_SYNC: 'true' }), /DB_SYNC must not be set/],
  ];
  expect(await accepted(rows)).toEqual([]);
});
