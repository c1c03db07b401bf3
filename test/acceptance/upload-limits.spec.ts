import { randomUUID } from 'node:crypto';
import { genuine, largeDocument } from '../fixtures/documents';
import { field, filePart, form, RawConnection, rawRequest, uploadHead } from '../support/raw';
import {
  ApiClient,
  assertInvariants,
  OpenUpload,
  TestSystem,
  waitFor,
  type Answer,
  type TestUser,
} from '../support/system';
import { metadata, TusClient } from '../support/tus';

jest.setTimeout(60_000);

const KIB = 1024;
const MIB = 1024 * KIB;
const LIMIT = 10 * MIB;
const QUOTA = 30 * MIB;
const PER_USER = 12;
const CHUNK = 64 * KIB;

type Person = ApiClient & { user: TestUser };

let system: TestSystem;
let ops: Person;

beforeAll(async () => {
  system = await TestSystem.start({
    apis: 2,
    env: {
      UPLOAD_DOCUMENT_MAX_BYTES: String(LIMIT),
      UPLOAD_MEDIA_MAX_BYTES: String(LIMIT),
      USER_QUOTA_BYTES: String(QUOTA),
      UPLOADS_PER_USER: String(PER_USER),
      LEASE_SECONDS: '2',
    },
  });
}, 60_000);
beforeEach(async () => {
  ops = await system.client('ops');
});
afterAll(() => system?.stop(), 30_000);

/** What a user's uploads cost, and what of theirs rests in staging. */
async function heldBy({ user }: Person): Promise<{ used: number; staged: number }> {
  const [row] = await system.query(
    `SELECT coalesce((SELECT used_bytes FROM storage_usage WHERE user_id = $1), 0)::int AS used,
            (SELECT count(*)::int FROM objects JOIN uploads ON objects.key LIKE 'staging/' || uploads.id || '/%'
             WHERE uploads.owner_id = $1) AS staged`,
    [user.id],
  );
  return row;
}

/** The bytes of an upload are gone from every table and from the store. */
async function expectNothingHeld(): Promise<void> {
  await waitFor('staging to be gone', async () => (await heldBy(ops)).staged === 0, { timeoutMs: 20_000 });
  expect((await heldBy(ops)).used).toBe(0);
  expect((await system.storedFiles()).filter((path) => path.startsWith('staging/'))).toEqual([]);
}

async function sealed(answers: { body: any }[]): Promise<void> {
  for (const { body } of answers) await ops.waitForStatus(body.uploadId, 'completed');
}

const CONTINUE: [string, string] = ['Expect', '100-continue'];
const CHUNKED: [string, string] = ['Transfer-Encoding', 'chunked'];
const chunked = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);

describe.each([
  ['/api/upload', Buffer.alloc(0), {}],
  ['/api/upload/media', field('fileType', 'camera'), { fileName: 'a.mp4', type: 'video/mp4' }],
])('the size of a file at %s', (path, fields, file) => {
  const opening = (): Buffer => {
    const open = filePart('', file);
    return Buffer.concat([fields, open.subarray(0, open.length - 2)]);
  };

  it('U11 ends a body without a length within 64 KiB of the limit, and keeps nothing of it', async () => {
    const connection = await RawConnection.open(system.url);
    await connection.send(uploadHead({ path, length: null, token: ops.token, extra: [CHUNKED] }));
    await connection.send(chunked(opening()));
    // No more than this is sent, and the body is not over: the answer must come by itself.
    for (let sent = 0; sent < LIMIT + CHUNK; sent += CHUNK)
      await connection.send(chunked(Buffer.alloc(CHUNK)));
    const answer = (await connection.answer())!;
    expect([answer.status, answer.json().code]).toEqual([413, 'FILE_TOO_LARGE']);
    expect(answer.all('Connection')).toEqual(['close']);
    await connection.closed;
    await expectNothingHeld();
  });

  it.each([
    ['that waits to be asked for its body', [CONTINUE]],
    ['that does not wait', []],
  ])('U11 refuses a declared length by the head alone, of a sender %s', async (_who, extra) => {
    const head = uploadHead({
      path,
      length: LIMIT + MIB,
      token: ops.token,
      extra: extra as [string, string][],
    });
    const answer = (await rawRequest(system.url, head))!;
    expect([answer.status, answer.json().code]).toEqual([413, 'FILE_TOO_LARGE']);
    expect(answer.all('Connection')).toEqual(['close']);
  });

  it.each<[string, string | null, number, string]>([
    ['who is nobody', null, 401, 'UNAUTHENTICATED'],
    ['who may not upload', 'client', 403, 'FORBIDDEN'],
  ])('U11 asks nobody for a body %s', async (_who, role, status, code) => {
    const { token } = role === 'client' ? await system.client('client') : { token: null };
    const answer = (await rawRequest(
      system.url,
      uploadHead({ path, length: MIB, token, extra: [CONTINUE] }),
    ))!;
    expect([answer.status, answer.json().code]).toEqual([status, code]);
    expect(answer.all('Connection')).toEqual(['close']);
  });

  it('U11 asks for a body that may come, and takes it', async () => {
    const photo = genuine('photo.jpg');
    const parts =
      path === '/api/upload'
        ? [filePart(genuine('report.docx'))]
        : [fields, filePart(photo, { fileName: 'a.jpg', type: 'image/jpeg' })];
    const body = form(...parts);
    const connection = await RawConnection.open(system.url);
    await connection.send(uploadHead({ path, length: body.length, token: ops.token, extra: [CONTINUE] }));
    expect((await connection.answer())!.status).toBe(100);
    await connection.send(body);
    const answer = (await connection.answer())!;
    expect(answer.status).toBe(201);
    connection.end();
    await sealed([{ body: answer.json() }]);
  });

  it('U11 refuses by the part’s header alone, and waits for nothing more', async () => {
    const connection = await RawConnection.open(system.url);
    const begin = filePart('', { fileName: 'setup.exe', type: null });
    await connection.send(uploadHead({ path, length: MIB, token: ops.token }));
    await connection.send(Buffer.concat([fields, begin.subarray(0, begin.length - 2)]));
    const answer = (await connection.answer())!;
    expect([answer.status, answer.json().code]).toEqual([415, 'UNSUPPORTED_FILE_TYPE']);
    expect(answer.all('Connection')).toEqual(['close']);
    await connection.closed;
  });
});

/** A machine that has no connection to its database within seconds says so; what it refuses then, it may take later. */
async function sendPatiently(caller: ApiClient, bytes: Buffer): Promise<Answer> {
  for (;;) {
    const answer = await caller.upload(bytes);
    if (answer.status !== 503) return answer;
  }
}

describe('the storage quota', () => {
  it('U11 holds for ten uploads of 9 MiB at once at two instances, and comes back with what is deleted', async () => {
    const document = Buffer.concat([...largeDocument(9 * MIB)]);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => sendPatiently(ops.at(system.urls[index % 2]!), document)),
    );
    const taken = answers.filter(({ status }) => status === 201);
    expect(taken).toHaveLength(3);
    for (const { status, body } of answers.filter((answer) => !taken.includes(answer)))
      expect([status, body.code]).toEqual([413, 'QUOTA_EXCEEDED']);
    expect((await heldBy(ops)).used).toBe(27 * MIB);
    await sealed(taken);

    // What is left is known from the head: no byte of the body is asked for, or waited for.
    for (const extra of [[CONTINUE], []]) {
      const head = uploadHead({ length: 9 * MIB, token: ops.token, extra });
      const answer = (await rawRequest(system.url, head))!;
      expect([answer.status, answer.json().code]).toEqual([413, 'QUOTA_EXCEEDED']);
      expect(answer.all('Connection')).toEqual(['close']);
    }
    const creation = await new TusClient(ops).request('POST', '/api/upload/resumable', {
      'upload-length': String(9 * MIB),
      'upload-metadata': metadata({ filename: 'a.docx' }),
    });
    expect(creation.status).toBe(413);

    for (const { body } of taken) expect((await ops.delete(`/api/files/${body.fileId}`)).status).toBe(204);
    await expectNothingHeld();
    const again = await ops.upload(document);
    expect(again.status).toBe(201);
    await sealed([again]);
  });
});

describe('uploads at once', () => {
  const begin = (count: number): OpenUpload[] =>
    Array.from({ length: count }, (_, index) => new OpenUpload(ops.at(system.urls[index % 2]!), MIB));
  const running = async (count: number): Promise<void> => {
    await waitFor(`${count} uploads to run`, async () => {
      const [row] = await system.query(
        `SELECT count(*)::int AS n FROM uploads WHERE owner_id = $1 AND status = 'uploading' AND slot IS NOT NULL`,
        [ops.user.id],
      );
      return row.n === count;
    });
  };

  it('U11 are as many as a user may run, at all instances together, and a slot comes back with its upload', async () => {
    const open = begin(PER_USER);
    await running(PER_USER);
    const photo = {
      path: '/api/upload/media',
      name: 'a.jpg',
      type: 'image/jpeg',
      fields: { fileType: 'photo' },
    };
    for (const url of system.urls) {
      for (const options of [{}, photo]) {
        const refused = await ops
          .at(url)
          .upload(genuine('photo.jpg'), { name: 'a.docx', type: '', ...options });
        expect([refused.status, refused.body.code]).toEqual([429, 'RATE_LIMITED']);
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      }
    }
    // Another user has slots of his own.
    const other = await system.client('ops');
    expect((await other.upload(genuine('photo.jpg'), photo)).status).toBe(201);
    open[0]!.abort();
    await running(PER_USER - 1);
    const answer = await ops.upload(genuine('photo.jpg'), photo);
    expect(answer.status).toBe(201);
    for (const each of open) each.abort();
    await running(0);
    await sealed([answer]);
  });

  it('U11 do not count while they wait to be resumed', async () => {
    const tus = new TusClient(ops);
    for (let index = 0; index < PER_USER + 3; index++) {
      const answer = await tus.request('POST', '/api/upload/resumable', {
        'upload-length': '1000',
        'upload-metadata': metadata({ filename: `${index}.docx` }),
      });
      expect(answer.status).toBe(201);
    }
    const open = begin(PER_USER);
    await running(PER_USER);
    for (const each of open) each.abort();
    await running(0);
  });

  it('U11 come back by their leases when their instance is killed', async () => {
    const [first, second] = [new OpenUpload(ops, MIB), new OpenUpload(ops, MIB)];
    const others = begin(PER_USER - 2);
    await running(PER_USER);
    await system.apis[0]!.kill9();
    const survivor = ops.at(system.urls[1]!);
    const photo = {
      path: '/api/upload/media',
      name: 'a.jpg',
      type: 'image/jpeg',
      fields: { fileType: 'photo' },
    };
    let taken: any;
    await waitFor('a slot of the dead', async () => {
      const answer = await survivor.upload(genuine('photo.jpg'), photo);
      taken = answer.body;
      return answer.status === 201;
    });
    for (const each of [first, second, ...others]) each!.abort();
    await survivor.waitForStatus(taken.uploadId, 'completed');
    await running(0);
    await system.startApi(0);
  });
});

describe('a form with two files', () => {
  it.each([
    ['/api/upload', 'a.docx', 'b.docx'],
    ['/api/upload/media', 'a.jpg', 'b.jpg'],
  ])('U10 is refused at %s whenever it is cut, and leaves nothing', async (path, first, second) => {
    const bytes = genuine(path === '/api/upload' ? 'report.docx' : 'photo.jpg');
    const type = null;
    const body = form(
      field('title', 'two'),
      ...(path === '/api/upload' ? [] : [field('fileType', 'photo')]),
      filePart(bytes, { fileName: first, type }),
      filePart(bytes, { name: 'file', fileName: second, type }),
    );
    const whole = (await rawRequest(
      system.url,
      uploadHead({ path, length: body.length, token: ops.token }),
      body,
    ))!;
    expect([whole.status, whole.json().code]).toEqual([400, 'VALIDATION_FAILED']);
    const cut = async (at: number): Promise<void> => {
      const uploadId = randomUUID();
      const connection = await RawConnection.open(system.urls[at % 2]!);
      await connection.send(uploadHead({ path, length: body.length, token: ops.token, uploadId }));
      await connection.send(body.subarray(0, at));
      connection.reset();
      await connection.closed;
    };
    const cuts = Array.from({ length: 50 }, (_, index) => Math.floor(((index + 0.5) * body.length) / 50));
    for (let at = 0; at < cuts.length; at += 10) await Promise.all(cuts.slice(at, at + 10).map(cut));
    await waitFor('all of them to be over', async () => {
      const rows = await system.query(
        `SELECT 1 FROM uploads WHERE owner_id = $1 AND status NOT IN ('failed', 'cancelled')`,
        [ops.user.id],
      );
      return rows.length === 0;
    });
    await expectNothingHeld();
  });
});

it('U11 limits leave the house in order', async () => {
  await system.waitUntilSwept();
  await assertInvariants(system);
});
