import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { metadata, OpenPatch, TusClient, uploadIdOf } from '../support/tus';
import { assertInvariants, isStopped, TestSystem, waitFor, type ApiClient } from '../support/system';

jest.setTimeout(60_000);

const KIB = 1024;
const TEXT = { 'upload-metadata': metadata({ filename: 'text.txt' }) };

let system: TestSystem;
let owner: ApiClient & { user: { id: string } };
let here: TusClient;
let there: TusClient;

beforeAll(async () => {
  system = await TestSystem.start({
    apis: 2,
    env: {
      UPLOAD_DOCUMENT_TYPES: 'txt',
      UPLOAD_DOCUMENT_MAX_BYTES: String(10 * KIB * KIB),
      UPLOAD_PART_SECONDS: '60',
      UPLOAD_IDLE_SECONDS: '60',
    },
  });
  owner = await system.client('ops');
  here = new TusClient(owner);
  there = here.at(system.urls[1]!);
}, 120_000);
afterAll(async () => {
  await system?.stop();
}, 30_000);

interface Row {
  status: string;
  offset: number;
  writing: boolean;
}

async function rowOf(path: string): Promise<Row> {
  const [row] = await system.query<Row>(
    `SELECT status, offset_bytes::int AS offset, lease_until IS NOT NULL AS writing FROM uploads WHERE id = $1`,
    [uploadIdOf(path)],
  );
  return row!;
}

async function contentOf(path: string): Promise<string> {
  const { fileId } = await owner.waitForStatus(uploadIdOf(path), 'completed');
  return (await owner.get(`/api/files/${fileId}/content`)).bytes.toString();
}

const used = async (): Promise<number> => {
  const [row] = await system.query('SELECT used_bytes::int AS used FROM storage_usage WHERE user_id = $1', [
    owner.user.id,
  ]);
  return row?.used ?? 0;
};

/** Waits until an instance reads the body of a PATCH. */
const writing = (path: string) => waitFor('the PATCH to be taken', async () => (await rowOf(path)).writing);

describe('two PATCHes at one offset', () => {
  it('U02 at two instances, 50 times: one is taken, with all of its bytes and none of the other', async () => {
    const ROUNDS = 50;
    let left = ROUNDS;
    const outcomes: string[] = [];
    const round = async (): Promise<void> => {
      const bytes = ['a', 'b'].map((letter) => Buffer.alloc(100 * KIB, letter));
      const path = await here.begin(bytes[0]!.length, TEXT);
      const answers = await Promise.all([here.patch(path, 0, bytes[0]!), there.patch(path, 0, bytes[1]!)]);
      const statuses = answers.map(({ status }) => status);
      outcomes.push([...statuses].sort().join(' '));
      expect(statuses.filter((status) => status === 204)).toHaveLength(1);
      expect(statuses.filter((status) => status === 409 || status === 423)).toHaveLength(1);
      const winner = bytes[statuses.indexOf(204)]!.toString();
      expect((await contentOf(path)) === winner).toBe(true);
    };
    const some = async (): Promise<void> => {
      while (left-- > 0) await round();
    };
    await Promise.all(Array.from({ length: 5 }, some));
    expect(outcomes).toHaveLength(ROUNDS);
  });
});

/** Sends half of a PATCH, and the rest when it is told "go" after it was thawed. */
const CLIENT = `
const { request } = require('node:http');
const { URL_, TOKEN, HALF, LENGTH } = process.env;
const patch = request(URL_, { method: 'PATCH', headers: {
  authorization: 'Bearer ' + TOKEN, 'tus-resumable': '1.0.0', 'upload-offset': '0',
  'content-type': 'application/offset+octet-stream', 'content-length': LENGTH } });
const done = (what) => { console.log(what); process.exit(0); };
patch.on('response', (response) => done('answer ' + response.statusCode)).on('error', (error) => done('error ' + error.code));
patch.write(Buffer.alloc(Number(HALF), 'a'), () => console.log('sent'));
process.stdin.once('data', () => patch.end(Buffer.alloc(Number(LENGTH) - Number(HALF), 'X')));
`;

describe('a client that is frozen in the middle of a PATCH', () => {
  const HALF = 300 * KIB;
  const LENGTH = 700 * KIB;
  const expected = 'a'.repeat(HALF) + 'b'.repeat(LENGTH - HALF);
  let child: ChildProcess;
  let said: string;

  async function freeze(path: string): Promise<void> {
    said = '';
    const env = { URL_: `${system.url}${path}`, TOKEN: owner.token!, HALF: `${HALF}`, LENGTH: `${LENGTH}` };
    child = spawn(process.execPath, ['-e', CLIENT], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (said += text));
    await waitFor('half of it to be sent', async () => said.includes('sent'));
    await writing(path);
    child.kill('SIGSTOP');
    await waitFor('the client to be frozen', async () => isStopped(child.pid!));
  }

  async function thaw(): Promise<void> {
    child.stdin!.write('go\n');
    child.kill('SIGCONT');
    await once(child, 'exit');
    expect(said).not.toContain('answer 204');
  }

  it.each([
    ['the same instance', () => here],
    ['another instance', () => there],
  ])('U03 gives way to a HEAD and a PATCH at %s, and is never written again', async (_where, client) => {
    const path = await here.begin(LENGTH, TEXT);
    await freeze(path);
    const began = Date.now();
    const offset = await client().offset(path);
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(offset).toBe((await rowOf(path)).offset);
    // All that had come was made durable.
    expect(offset).toBe(HALF);
    const answer = await client().patch(path, offset, Buffer.from(expected.slice(offset)));
    expect(answer.status).toBe(204);
    await thaw();
    expect((await contentOf(path)) === expected).toBe(true);
  });

  it('U03 gives way to a PATCH that asks for nothing first', async () => {
    const path = await here.begin(LENGTH, TEXT);
    await freeze(path);
    const began = Date.now();
    const refused = await there.patch(path, 0, Buffer.from(expected));
    expect(Date.now() - began).toBeLessThan(5_000);
    expect([refused.status, refused.body.code]).toEqual([409, 'OFFSET_MISMATCH']);
    expect((await there.patch(path, HALF, Buffer.from(expected.slice(HALF)))).status).toBe(204);
    await thaw();
    expect((await contentOf(path)) === expected).toBe(true);
  });

  it('U03 an instance that is frozen itself is passed over, and what it holds is never written', async () => {
    const path = await here.begin(LENGTH, TEXT);
    const held = new OpenPatch(owner, path, 0, LENGTH);
    await held.send(Buffer.alloc(HALF, 'X'));
    await writing(path);
    const { pid } = system.apis[0]!;
    system.apis[0]!.signal('SIGSTOP');
    try {
      await waitFor('the instance to be frozen', async () => isStopped(pid));
      const began = Date.now();
      expect(await there.offset(path)).toBe(0);
      expect(Date.now() - began).toBeLessThan(5_000);
      expect((await there.patch(path, 0, Buffer.from(expected))).status).toBe(204);
    } finally {
      system.apis[0]!.signal('SIGCONT');
    }
    const { status } = await held.finish(Buffer.alloc(LENGTH - HALF, 'X'));
    expect([409, 410, 423]).toContain(status);
    expect((await contentOf(path)) === expected).toBe(true);
  });
});

it('U03 a client that sends is not passed over: others see how far it is, and have to wait', async () => {
  const path = await here.begin(500 * KIB, TEXT);
  const patch = new OpenPatch(owner, path, 0, 500 * KIB);
  let sent = 0;
  const sending = setInterval(() => {
    if (sent < 100) void patch.send(Buffer.alloc(KIB, 'a')).then(() => (sent += 1));
  }, 100);
  try {
    await writing(path);
    expect((await there.head(path)).status).toBe(200);
    const answer = await there.patch(path, 0, Buffer.alloc(500 * KIB, 'b'));
    expect([answer.status, answer.body.code]).toEqual([423, 'UPLOAD_LOCKED']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  } finally {
    clearInterval(sending);
  }
  expect((await patch.finish(Buffer.alloc((500 - sent) * KIB, 'a'))).status).toBe(204);
  expect((await contentOf(path)) === 'a'.repeat(500 * KIB)).toBe(true);
});

describe('an upload that is ended while a PATCH runs', () => {
  it.each<[how: string, end: (path: string) => Promise<{ status: number }>]>([
    ['DELETE at another instance', (path) => there.terminate(path)],
    ['DELETE at the same instance', (path) => here.terminate(path)],
    ['cancel at another instance', (path) => there.api.post(`/api/upload/cancel/${uploadIdOf(path)}`)],
  ])('U19 by %s: the PATCH ends, and nothing is left', async (_how, end) => {
    const before = await used();
    const path = await here.begin(3 * KIB * KIB, TEXT);
    expect((await here.patch(path, 0, Buffer.alloc(KIB * KIB, 'a'))).status).toBe(204);
    expect(await used()).toBe(before + KIB * KIB);
    const patch = new OpenPatch(owner, path, KIB * KIB, 2 * KIB * KIB);
    await patch.send(Buffer.alloc(KIB * KIB, 'a'));
    await writing(path);
    const began = Date.now();
    expect((await end(path)).status).toBeLessThan(300);
    const answer = await patch.answered;
    expect(Date.now() - began).toBeLessThan(5_000);
    expect([answer.status, answer.body.code]).toEqual([410, 'GONE']);
    expect((await there.head(path)).status).toBe(410);
    expect((await here.patch(path, KIB * KIB, Buffer.from('x'))).status).toBe(410);
    expect(await rowOf(path)).toMatchObject({ status: 'cancelled' });
    expect(await used()).toBe(before);
    await waitFor('its bytes to be swept', async () =>
      (await system.storedFiles()).every((file) => !file.includes(uploadIdOf(path))),
    );
  });
});

describe('limits', () => {
  const MAX = 10 * KIB * KIB;
  const MIB = Buffer.alloc(KIB * KIB, 'a');

  it('U11 a deferred length, split over many PATCHes: refused at the limit, nothing left', async () => {
    const before = await used();
    const path = await here.begin(null, TEXT);
    for (let offset = 0; offset < MAX; offset += MIB.length)
      expect((await here.patch(path, offset, MIB)).status).toBe(204);
    const answer = await here.patch(path, MAX, Buffer.from('x'));
    expect([answer.status, answer.body.code]).toEqual([413, 'FILE_TOO_LARGE']);
    expect(await rowOf(path)).toMatchObject({ status: 'failed' });
    expect(await used()).toBe(before);
    expect((await here.head(path)).status).toBe(410);
  });

  it('U11 a deferred length and a body without one: cut off at the limit', async () => {
    const before = await used();
    const path = await here.begin(null, TEXT);
    const patch = new OpenPatch(owner, path, 0, null);
    let sent = 0;
    let answered = false;
    void patch.answered.finally(() => (answered = true)).catch(() => undefined);
    for (; sent < 64 * KIB * KIB && !answered; sent += MIB.length) await patch.send(MIB);
    expect(await patch.answered).toMatchObject({ status: 413, body: { code: 'FILE_TOO_LARGE' } });
    // What the kernels of both sides hold comes on top of it.
    expect(sent).toBeLessThan(MAX + 12 * KIB * KIB);
    expect(await rowOf(path)).toMatchObject({ status: 'failed' });
    expect(await used()).toBe(before);
  });

  it('U11 a length beyond the limit that is said later is refused', async () => {
    const path = await here.begin(null, TEXT);
    const answer = await here.patch(path, 0, Buffer.from('x'), { 'upload-length': String(MAX + 1) });
    expect([answer.status, await here.offset(path)]).toEqual([413, 0]);
  });
});

describe('an Idempotency-Key', () => {
  it('U21 creates one upload, whatever happens to the answer', async () => {
    const key = { ...TEXT, 'idempotency-key': randomUUID() };
    const [first, second] = [await here.create(100, key), await there.create(100, key)];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect((await here.create(101, key)).body.code).toBe('IDEMPOTENCY_KEY_REUSED');
    const racing = { ...TEXT, 'idempotency-key': randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => (index % 2 ? here : there).create(100, racing)),
    );
    const places = answers
      .filter(({ status }) => status === 201)
      .map(({ headers }) => headers.get('location'));
    expect(new Set(places).size).toBe(1);
    for (const { status } of answers) expect([201, 409]).toContain(status);
  });

  it('U21 with bytes along: a repetition learns how far the upload is', async () => {
    const key = { ...TEXT, 'idempotency-key': randomUUID() };
    const bytes = Buffer.alloc(100, 'a');
    const first = await here.create(200, key, bytes);
    const path = first.headers.get('location')!;
    expect((await here.patch(path, 100, bytes.subarray(0, 50))).status).toBe(204);
    const again = await there.create(200, key, bytes);
    expect([again.status, again.headers.get('location')]).toEqual([201, path]);
    expect(again.headers.get('upload-offset')).toBe('150');
  });
});

describe('an upload that nobody adds to', () => {
  it('U01 expires: it is gone, with its bytes and what they took of the quota', async () => {
    const before = await used();
    const path = await here.begin(100, TEXT);
    expect((await here.patch(path, 0, Buffer.alloc(50, 'a'))).status).toBe(204);
    await system.query(`UPDATE uploads SET updated_at = now() - interval '23 hours' WHERE id = $1`, [
      uploadIdOf(path),
    ]);
    expect((await here.head(path)).status).toBe(200);
    await system.query(`UPDATE uploads SET updated_at = now() - interval '24 hours' WHERE id = $1`, [
      uploadIdOf(path),
    ]);
    expect((await there.head(path)).status).toBe(410);
    expect((await here.patch(path, 50, Buffer.from('x'))).body.code).toBe('GONE');
    const { failureCode } = await waitFor('it to be swept', async () => {
      const { body } = await owner.get(`/api/upload/progress/${uploadIdOf(path)}`);
      return body.status === 'failed' ? body : null;
    });
    expect(failureCode).toBe('EXPIRED');
    expect(await used()).toBe(before);
  });
});

it('U13 a file without a byte is complete with its creation', async () => {
  const path = await here.begin(0, TEXT);
  expect(await contentOf(path)).toBe('');
  const deferred = await here.begin(null, TEXT);
  const said = await here.patch(deferred, 0, Buffer.alloc(0), { 'upload-length': '0' });
  expect(said.status).toBe(204);
  expect(await contentOf(deferred)).toBe('');
});

it('U02 U03 U11 U13 U19 leave the house in order', async () => {
  await system.waitUntilSwept();
  await assertInvariants(system);
});
