import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { genuine, largeDocument } from '../fixtures/documents';
import { NarrowWay } from '../support/narrow-way';
import { TestSystem, waitFor, type ApiClient, type TestUser } from '../support/system';

jest.setTimeout(120_000);

const ENTRY = join(__dirname, '../../dist/apps/waybill/main.js');
const MIB = 1024 * 1024;
const report = genuine('report.docx');

let system: TestSystem;
let way: NarrowWay;
let folder: string;
let ops: ApiClient & { user: TestUser };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-terminal-'));
  way = await NarrowWay.start();
  system = await TestSystem.start({ env: { PUBLIC_URL: way.url } });
  way.leadTo(system.url);
  ops = await system.client('ops');
  await writeFile(join(folder, 'report.docx'), report);
});
afterEach(() => way.open());
afterAll(async () => {
  await way?.stop();
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

interface Running {
  child: ChildProcess;
  ended: Promise<Ended>;
}

/** The client as a process, in the folder of this test, as ops. */
function start(args: string[], env: NodeJS.ProcessEnv = {}, input = ''): Running {
  const child = spawn(process.execPath, [ENTRY, ...args], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      WAYBILL_API: way.url,
      WAYBILL_EMAIL: ops.user.email,
      WAYBILL_PASSWORD: ops.user.password,
      ...env,
    },
  });
  child.stdin.end(input);
  const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]).then(
    ([[code], out, err]): Ended => ({ code: code as number | null, out, err }),
  );
  return { child, ended };
}

const run = (args: string[], env?: NodeJS.ProcessEnv, input?: string): Promise<Ended> =>
  start(args, env, input).ended;

const stateFiles = (): Promise<string[]> =>
  readdir(join(folder, '.local/state/waybill/uploads')).catch(() => []);

async function largeFile(name: string, bytes: number): Promise<Buffer> {
  const content = Buffer.concat([...largeDocument(bytes)]);
  await writeFile(join(folder, name), content);
  return content;
}

async function bytesOf(fileId: string): Promise<Buffer> {
  return (await ops.get(`/api/files/${fileId}/content`)).bytes;
}

describe('the terminal client', () => {
  it('uploads, and says so in plain lines where there is no terminal', async () => {
    const uploaded = await run([
      'upload',
      'report.docx',
      '--title=Offer',
      '--tags=a,b',
      '--recipient=ada@example.org',
      '--max-downloads=3',
    ]);
    expect(uploaded).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^[0-9a-f-]{36} {2}report\.docx\n$/),
    });
    expect(uploaded.err).toMatch(
      /^report\.docx: uploading .*\n(report\.docx: (received|encrypting)\n)*report\.docx: completed\n$/,
    );
    const { body } = await ops.get(`/api/files/${uploaded.out.slice(0, 36)}`);
    expect(body).toMatchObject({
      title: 'Offer',
      tags: ['a', 'b'],
      visibility: 'restricted',
      recipients: ['ada@example.org'],
      maxDownloads: 3,
    });
    expect(await stateFiles()).toEqual([]);
  });

  it('goes on where it was killed', async () => {
    const content = await largeFile('killed.docx', 24 * MIB);
    way.closeAfter(12 * MIB);
    const first = start(['upload', 'killed.docx']);
    await waitFor('the way to be held', async () => way.held);
    first.child.kill('SIGKILL');
    await first.ended;
    const [kept] = await stateFiles();
    expect((await stat(join(folder, '.local/state/waybill/uploads', kept!))).mode & 0o777).toBe(0o600);

    way.break();
    const before = way.passed;
    const second = await run(['upload', 'killed.docx']);
    expect(second).toMatchObject({ code: 0, err: expect.stringContaining('resumed') });
    expect(way.passed - before).toBeLessThan(20 * MIB);
    expect((await bytesOf(second.out.slice(0, 36))).equals(content)).toBe(true);
    expect(await stateFiles()).toEqual([]);
  });

  it('goes on by itself when the connection breaks', async () => {
    const content = await largeFile('broken.docx', 16 * MIB);
    way.closeAfter(10 * MIB);
    const running = start(['upload', 'broken.docx']);
    await waitFor('the way to be held', async () => way.held);
    way.break();
    const { code, out, err } = await running.ended;
    expect({ code, err }).toMatchObject({ code: 0, err: expect.stringContaining('waiting for the service') });
    expect((await bytesOf(out.slice(0, 36))).equals(content)).toBe(true);
  });

  it('says on Ctrl-C how to go on', async () => {
    await largeFile('stopped.docx', 16 * MIB);
    way.closeAfter(10 * MIB);
    const running = start(['upload', 'stopped.docx']);
    await waitFor('the way to be held', async () => way.held);
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({
      code: 130,
      out: '',
      err: expect.stringContaining('The same command again goes on with it.'),
    });
    way.break();
    const uploading = await run(['status']);
    const [, uploadId] = /^(\S+) +uploading .*stopped\.docx$/m.exec(uploading.out)!;
    expect(await run(['cancel', uploadId!])).toMatchObject({ code: 0, out: `${uploadId}  cancelled\n` });
    expect(await run(['status', uploadId!])).toMatchObject({
      out: expect.stringMatching(/cancelled .*stopped\.docx/),
    });
    // What was cancelled is begun anew.
    expect(await run(['upload', 'stopped.docx'])).toMatchObject({
      code: 0,
      err: expect.stringContaining('beginning anew'),
    });
  });

  it('lists, links and downloads', async () => {
    const { out } = await run(['upload', 'report.docx', '--title', 'To fetch']);
    const id = out.slice(0, 36);
    expect((await run(['ls', '--limit', '1'])).out).toMatch(
      new RegExp(`^${id} .* report\\.docx  To fetch\n$`),
    );
    expect(JSON.parse((await run(['ls', '--limit', '1', '--json'])).out)).toMatchObject({
      id,
      title: 'To fetch',
    });

    const link = (await run(['link', id, '--expires-in', '60'])).out.trim();
    expect(Buffer.from(await (await fetch(link)).arrayBuffer()).equals(report)).toBe(true);

    expect(await run(['download', id])).toMatchObject({ code: 2, err: expect.stringContaining('--force') });
    expect(await run(['download', id, '--output', 'received.docx'])).toMatchObject({
      code: 0,
      out: 'received.docx\n',
    });
    expect((await readFile(join(folder, 'received.docx'))).equals(report)).toBe(true);
  });

  it('goes on with a download that broke', async () => {
    const content = await largeFile('fetched.docx', 8 * MIB);
    const { out } = await run(['upload', 'fetched.docx']);
    way.breakAfterAnswers(3 * MIB);
    const id = out.slice(0, 36);
    const { code, err } = await run(['download', id, '--output', 'whole.docx']);
    expect({ code, err }).toMatchObject({ code: 0, err: expect.stringContaining('waiting for the service') });
    expect((await readFile(join(folder, 'whole.docx'))).equals(content)).toBe(true);
  });

  it('takes an API key instead of a password', async () => {
    const { body } = await ops.post('/api/auth/api-keys', {
      name: 'n',
      scopes: ['files:read', 'files:write'],
    });
    const env = { WAYBILL_API_KEY: body.key, WAYBILL_EMAIL: undefined, WAYBILL_PASSWORD: undefined };
    expect(await run(['upload', 'report.docx'], env)).toMatchObject({ code: 0 });
  });

  it('goes on with the other files when one is refused, and exits 1', async () => {
    await writeFile(join(folder, 'notes.md'), '# Notes');
    const { code, out, err } = await run(['upload', 'notes.md', 'nowhere.docx', 'report.docx']);
    expect(code).toBe(1);
    expect(out).toMatch(/^\S+ {2}report\.docx\n$/);
    expect(err).toMatch(/notes\.md: .*UNSUPPORTED_FILE_TYPE, request \S+\)/);
    expect(err).toContain('There is no file nowhere.docx.');
  });

  it.each([
    ['a wrong password', ['ls'], { WAYBILL_PASSWORD: 'wrong horse' }, 1, /INVALID_CREDENTIALS/],
    ['nobody to ask', ['ls'], { WAYBILL_PASSWORD: undefined }, 2, /--password-stdin/],
    ['no account', ['ls'], { WAYBILL_EMAIL: undefined }, 2, /--email ADDRESS/],
    ['no service', ['ls', '--api', 'http://127.0.0.1:2'], {}, 1, /cannot be reached: .*ECONNREFUSED/],
    ['no address', ['ls', '--api', 'files.example.org'], {}, 2, /is no address of a service/],
    ['no file', ['upload'], {}, 2, /No FILE was given/],
    ['an unknown option', ['upload', 'report.docx', '--fast'], {}, 2, /--fast/],
    ['an unknown command', ['uplaod'], {}, 2, /no command uplaod/],
    ['an unknown upload', ['cancel', '0199a4c2-7d0f-7a52-8e06-b1c94d27f380'], {}, 1, /NOT_FOUND/],
  ])('tells of %s, and nothing secret', async (_what, args, env, code, message) => {
    const ended = await run(args, env);
    expect(ended).toMatchObject({ code, out: '', err: expect.stringMatching(message) });
    expect(ended.err).not.toMatch(/wrong horse|Bearer|at .*\.js:/);
    expect(ended.err).not.toContain(ops.user.password);
  });

  it('reads the password from standard input', async () => {
    const env = { WAYBILL_PASSWORD: undefined };
    expect(await run(['ls', '--password-stdin'], env, `${ops.user.password}\n`)).toMatchObject({ code: 0 });
  });

  it.each(['', 'upload', 'ls', 'download', 'link', 'status', 'cancel'])(
    'explains itself: %s --help',
    async (command) => {
      const ended = await run([command, '--help'].filter((word) => word !== ''));
      expect(ended).toMatchObject({ code: 0, out: expect.stringContaining('Usage: '), err: '' });
    },
  );
});
