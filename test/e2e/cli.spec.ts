import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { testEnvironment } from '../support/environment';

// Each case is one process or several, on a machine that runs other tests beside.
jest.setTimeout(60_000);

const CLI = join(__dirname, '../../dist/apps/cli/main.js');

describe('the command line', () => {
  let database: TestDatabase;
  let sql: Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    sql = new Client({ connectionString: database.url });
    await sql.connect();
  });
  afterAll(async () => {
    await sql.end();
    await database.drop();
  });

  async function run(args: string[], { input = '', env = {} as NodeJS.ProcessEnv } = {}) {
    const child = spawn(process.execPath, [CLI, ...args], {
      env: { PATH: process.env.PATH, ...testEnvironment({ DATABASE_URL: database.url, ...env }) },
    });
    child.stdin.end(input);
    const exited = once(child, 'exit');
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: (await exited)[0] as number, out, err };
  }

  const rowOf = async (email: string) =>
    (await sql.query('SELECT * FROM users WHERE email = $1', [email])).rows[0];

  it.each([['--help'], ['migrate', '--help'], ['user:create', '--help']])(
    'explains itself: %s %s',
    async (...args) => {
      const { code, out, err } = await run(args.filter(Boolean));
      expect([code, err]).toEqual([0, '']);
      expect(out).toMatch(/usage:/i);
    },
  );

  it.each<[string, string[]]>([
    ['no command', []],
    ['an unknown command', ['nope']],
    ['a command that every object has', ['constructor']],
    ['an unknown option', ['migrate', '--bogus']],
    ['no address', ['user:create', '--role', 'ops']],
    ['no role', ['user:create', '--email', 'a@b.c']],
    ['an unknown role', ['user:create', '--email', 'a@b.c', '--role', 'boss']],
    ['a stray argument', ['user:create', 'a@b.c', '--role', 'ops']],
  ])('answers 2 to %s', async (_name, args) => {
    const { code, out, err } = await run(args);
    expect(code).toBe(2);
    expect(out + err).not.toMatch(/^\s+at /m);
  });

  it('makes a verified account, and prints the password that it made up', async () => {
    const { code, out } = await run([
      'user:create',
      '--email',
      'a@b.c',
      '--role',
      'ops',
      '--full-name',
      'Ada',
    ]);
    expect(code).toBe(0);
    const password = /^Password: (\S+)$/m.exec(out)![1]!;
    expect(password.length).toBeGreaterThanOrEqual(20);
    const row = await rowOf('a@b.c');
    expect(row).toMatchObject({ role: 'ops', full_name: 'Ada' });
    expect(row.email_verified_at).not.toBeNull();
    const { rows } = await sql.query('SELECT type, data FROM events WHERE owner_id = $1', [row.id]);
    expect(rows).toEqual([{ type: 'user.created', data: { userId: row.id, role: 'ops' } }]);
  });

  it('takes a password from standard input, and does not print it', async () => {
    const input = 'correct horse battery staple\r\n';
    const args = ['user:create', '--email', 'd@b.c', '--role', 'admin', '--password-stdin'];
    const { code, out } = await run(args, { input });
    expect(code).toBe(0);
    expect(out).not.toMatch(/password|horse/i);
  });

  it('leaves an account that is there as it is, when told so', async () => {
    const args = ['user:create', '--email', 'twice@b.c', '--role', 'ops'];
    expect((await run(args)).code).toBe(0);
    const before = await rowOf('twice@b.c');
    const refused = await run(args);
    expect([refused.code, refused.err]).toEqual([1, 'There is an account with this e-mail address.\n']);
    const tolerated = await run([...args, '--if-absent']);
    expect(tolerated.code).toBe(0);
    expect(tolerated.out).not.toContain('Password');
    expect(await rowOf('twice@b.c')).toEqual(before);
  });

  it.each([
    ['a short password', ['--email', 'x@b.c'], 'short'],
    ['a common password', ['--email', 'x@b.c'], 'password1'],
    ['a bad address', ['--email', 'x b.c'], 'correct horse battery'],
  ])('refuses %s in plain words', async (_name, args, input) => {
    const { code, err } = await run(['user:create', '--role', 'ops', '--password-stdin', ...args], { input });
    expect(code).toBe(1);
    expect(err).toMatch(/\/(password|email): /);
    expect(err).not.toMatch(/^\s+at /m);
    expect(await rowOf('x@b.c')).toBeUndefined();
  });

  it.each([
    [
      'the database is away',
      { DATABASE_URL: 'postgres://dev@127.0.0.1:1/x' },
      /cannot be used.*ECONNREFUSED/,
    ],
    ['a setting is missing', { JWT_SECRET: '' }, /JWT_SECRET is missing/],
  ])('says so when %s', async (_name, env, words) => {
    const { code, err } = await run(['migrate'], { env });
    expect(code).toBe(1);
    expect(err).toMatch(words);
    expect(err).not.toMatch(/^\s+at /m);
  });

  it('finds a migrated schema complete, and a changed one not', async () => {
    expect((await run(['migrate', '--check'])).code).toBe(0);
    await sql.query('ALTER TABLE uploads DROP COLUMN failure_code');
    const { code, err } = await run(['migrate', '--check']);
    expect(code).toBe(1);
    expect(err).toContain('ADD "failure_code"');
    await sql.query('ALTER TABLE uploads ADD COLUMN failure_code text');
  });
});
