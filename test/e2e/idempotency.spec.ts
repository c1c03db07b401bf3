import { randomUUID } from 'node:crypto';
import { AppError, uuidv7, type Role } from '@waybill/core/kernel';
import { AccountsService } from '@waybill/features/auth';
import { schemaDrift } from '@waybill/platform/database';
import { IdempotencyKeys } from '@waybill/platform/idempotency';
import { DataSource } from 'typeorm';
import { UploadsService } from '../../libs/features/uploads/upload.service';
import { ValidationService } from '../../libs/features/uploads/validation.service';
import { genuine, largeDocument } from '../fixtures/documents';
import { ApiApp } from '../support/api-app';
import { ApiClient, type Answer } from '../support/system/api-client';
import { OpenUpload } from '../support/system/open-upload';
import { waitFor } from '../support/system/wait-for';

jest.setTimeout(60_000);

const PASSWORD = 'correct horse battery staple';

let api: ApiApp;
let ops: ApiClient;
let otherOps: ApiClient;
const document = genuine('report.docx');

beforeAll(async () => {
  api = await ApiApp.start();
  [ops, otherOps] = await Promise.all([person('ops'), person('ops')]);
});
afterAll(() => api.stop());
afterEach(() => jest.restoreAllMocks());

function part<T>(token: abstract new (...args: never[]) => T): T {
  return api.app.get<T>(token as never, { strict: false });
}

async function person(role: Role): Promise<ApiClient> {
  const email = `${role}-${uuidv7()}@example.org`;
  await part(AccountsService).create({ email, role, password: PASSWORD, verified: true });
  const caller = new ApiClient(api.url);
  expect((await caller.login(email, PASSWORD)).status).toBe(200);
  return caller;
}

const keyed = (key: string): Record<string, string> => ({ 'idempotency-key': key });
const replayed = (answer: Answer): boolean => answer.headers.get('idempotency-replayed') === 'true';

async function uploads(): Promise<number> {
  const [row] = await api.query<{ n: string }>(
    `SELECT count(*) AS n FROM uploads WHERE status NOT IN ('failed', 'cancelled')`,
  );
  return Number(row!.n);
}

describe('POST /api/upload with an Idempotency-Key', () => {
  const send = (
    key: string,
    {
      as = ops,
      bytes = document,
      ...options
    }: { as?: ApiClient; bytes?: Buffer; name?: string; fields?: any } = {},
  ): Promise<Answer> => as.upload(bytes, { ...options, headers: keyed(key) });

  it('makes one upload of two requests, and answers both the same', async () => {
    const before = await uploads();
    const key = randomUUID();
    const [first, second] = [await send(key), await send(key)];
    expect(first.status).toBe(201);
    expect(second.status).toBe(201);
    expect(second.bytes.equals(first.bytes)).toBe(true);
    expect(second.headers.get('location')).toBe(`/api/files/${first.body.fileId}`);
    expect([replayed(first), replayed(second)]).toEqual([false, true]);
    expect(await uploads()).toBe(before + 1);
  });

  it('makes one upload of ten requests at once', async () => {
    const before = await uploads();
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(key)));
    const made = answers.filter(({ status }) => status === 201);
    expect(new Set(made.map(({ body }) => body.fileId)).size).toBe(1);
    expect(made.filter((answer) => !replayed(answer))).toHaveLength(1);
    for (const { status, body, headers } of answers.filter((answer) => answer.status !== 201)) {
      expect({ status, code: body.code }).toEqual({ status: 409, code: 'REQUEST_IN_PROGRESS' });
      expect(headers.get('retry-after')).toBe('1');
    }
    expect(await uploads()).toBe(before + 1);
  });

  it.each<[string, Parameters<typeof send>[1]]>([
    ['another file', { bytes: Buffer.concat([...largeDocument(30_000)]) }],
    ['another name', { name: 'other.docx' }],
    ['another field', { fields: { title: 'Another' } }],
    ['no field', {}],
    ['the same words under other tags', { fields: { title: 'A title', tags: ['b', 'a'] } }],
  ])('refuses %s', async (_, other) => {
    const key = randomUUID();
    expect((await send(key, { fields: { title: 'A title', tags: ['a', 'b'] } })).status).toBe(201);
    const before = await uploads();
    const answer = await send(key, other);
    expect({ status: answer.status, code: answer.body.code }).toEqual({
      status: 422,
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
    expect(await uploads()).toBe(before);
  });

  it('knows a form again whatever the order of its parts and its boundary', async () => {
    const key = randomUUID();
    const form = (order: string[]): FormData => {
      const data = new FormData();
      for (const name of order) {
        if (name === 'file') data.append('file', new Blob([new Uint8Array(document)]), 'report.docx');
        else data.append(name, `the ${name}`);
      }
      return data;
    };
    const post = (order: string[]): Promise<Answer> =>
      ops.request('POST', '/api/upload', { body: form(order), headers: keyed(key) });
    const first = await post(['title', 'file', 'description']);
    const second = await post(['file', 'description', 'title']);
    expect(first.status).toBe(201);
    expect(second.body).toEqual(first.body);
  });

  it('is one person’s own', async () => {
    const key = randomUUID();
    const mine = await send(key);
    const theirs = await send(key, { as: otherOps, bytes: Buffer.concat([...largeDocument(20_000)]) });
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    expect(theirs.body.fileId).not.toBe(mine.body.fileId);
  });

  it('refuses a second request before its body has come', async () => {
    const key = randomUUID();
    const first = new OpenUpload(ops, document.length, keyed(key));
    await first.send(document.subarray(0, 1000));
    await waitFor('the key to be taken', async () => {
      const rows = await api.query(`SELECT 1 FROM idempotency_keys WHERE state = 'in_progress'`);
      return rows.length > 0;
    });
    const second = new OpenUpload(ops, document.length, keyed(key));
    expect((await second.answered).body.code).toBe('REQUEST_IN_PROGRESS');
    await first.send(document.subarray(1000));
    const made = await first.finish();
    expect(made.status).toBe(201);
  });

  it('tells a large second request, too', async () => {
    const key = randomUUID();
    const first = new OpenUpload(ops, document.length, keyed(key));
    await waitFor('the key to be taken', async () => {
      const rows = await api.query(`SELECT 1 FROM idempotency_keys WHERE state = 'in_progress'`);
      return rows.length > 0;
    });
    const second = await send(key, { bytes: Buffer.concat([...largeDocument(8_000_000)]) });
    expect(second.body.code).toBe('REQUEST_IN_PROGRESS');
    await first.send(document);
    expect((await first.finish()).status).toBe(201);
  });

  it('is free again when the sender breaks off', async () => {
    const before = await uploads();
    const key = randomUUID();
    const broken = new OpenUpload(ops, document.length, keyed(key));
    await broken.send(document.subarray(0, 1000));
    await waitFor('the key to be taken', async () => {
      const rows = await api.query(`SELECT 1 FROM uploads WHERE id = $1`, [broken.uploadId]);
      return rows.length > 0;
    });
    broken.abort();
    let answer: Answer | undefined;
    await waitFor('the key to be free', async () => (answer = await send(key)).status !== 409);
    expect(answer!.status).toBe(201);
    expect(replayed(answer!)).toBe(false);
    expect(await uploads()).toBe(before + 1);
  });

  it('is free again when the upload fails here before anything was made', async () => {
    const before = await uploads();
    const key = randomUUID();
    jest.spyOn(part(UploadsService), 'begin').mockRejectedValueOnce(new AppError('STORAGE_FULL', 'Full.'));
    expect((await send(key)).status).toBe(507);
    const answer = await send(key);
    expect([answer.status, replayed(answer)]).toEqual([201, false]);
    expect(await uploads()).toBe(before + 1);
  });

  it('leads to the upload that was made when the request fails here after that', async () => {
    const before = await uploads();
    const key = randomUUID();
    const validate = jest.spyOn(part(ValidationService), 'validate');
    validate.mockRejectedValueOnce(new Error('out of order'));
    expect((await send(key)).status).toBe(500);
    const other = await send(key, { name: 'other.docx' });
    expect(other.body.code).toBe('IDEMPOTENCY_KEY_REUSED');
    const again = await send(key);
    expect([again.status, replayed(again)]).toEqual([201, false]);
    expect(validate.mock.calls.map(([id]) => id)).toEqual([again.body.uploadId, again.body.uploadId]);
    const replay = await send(key);
    expect([replay.body, replayed(replay)]).toEqual([again.body, true]);
    expect(await uploads()).toBe(before + 1);
  });

  it('keeps what refuses the whole form', async () => {
    const key = randomUUID();
    const lie = { bytes: Buffer.from('no document at all'), name: 'offer.docx' };
    const [first, second] = [await send(key, lie), await send(key, lie)];
    expect(first.body.code).toBe('CONTENT_MISMATCH');
    expect(second.body).toMatchObject({ code: 'CONTENT_MISMATCH', detail: first.body.detail });
    expect([replayed(first), replayed(second)]).toEqual([false, true]);
    expect(second.body.requestId).not.toBe(first.body.requestId);
    expect((await send(key)).body.code).toBe('IDEMPOTENCY_KEY_REUSED');
  });

  it('keeps nothing of what was refused by its name, before it was read', async () => {
    const key = randomUUID();
    expect((await send(key, { name: 'program.exe' })).status).toBe(415);
    expect((await send(key)).status).toBe(201);
  });

  it('names the fields that were wrong again', async () => {
    const key = randomUUID();
    const wrong = { fields: { maxDownloads: 'many' } };
    const [first, second] = [await send(key, wrong), await send(key, wrong)];
    expect(first.status).toBe(400);
    expect(second.body.errors).toEqual(first.body.errors);
    expect(replayed(second)).toBe(true);
  });

  it('compares forms without a file as well', async () => {
    const key = randomUUID();
    const post = (title: string): Promise<Answer> => {
      const form = new FormData();
      form.append('title', title);
      return ops.request('POST', '/api/upload', { body: form, headers: keyed(key) });
    };
    expect((await post('one')).status).toBe(400);
    expect(replayed(await post('one'))).toBe(true);
    expect((await post('another')).status).toBe(422);
  });
});

describe('POST /api/auth/signup with an Idempotency-Key', () => {
  const anonymous = (): ApiClient => new ApiClient(api.url);
  const newcomer = (): { email: string; password: string; fullName: string } => ({
    email: `ada-${randomUUID()}@example.com`,
    password: PASSWORD,
    fullName: 'Ada',
  });

  it('makes one account of two requests, however their JSON is written', async () => {
    const key = randomUUID();
    const { email, password, fullName } = newcomer();
    const first = await anonymous().post('/api/auth/signup', { email, password, fullName }, keyed(key));
    const second = await anonymous().post('/api/auth/signup', { fullName, password, email }, keyed(key));
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.bytes.equals(first.bytes)).toBe(true);
    expect([replayed(first), replayed(second)]).toEqual([false, true]);
    const events = await api.query(`SELECT 1 FROM events WHERE owner_id = $1 AND type = 'user.signed_up'`, [
      first.body.id,
    ]);
    expect(events).toHaveLength(1);
  });

  it('makes one account of ten requests at once', async () => {
    const key = randomUUID();
    const body = newcomer();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => anonymous().post('/api/auth/signup', body, keyed(key))),
    );
    const made = answers.filter(({ status }) => status === 201);
    expect(new Set(made.map(({ body: { id } }) => id)).size).toBe(1);
    const others = answers.filter(({ status }) => status !== 201).map((answer) => answer.body.code);
    expect(new Set(others)).toEqual(new Set(others.length > 0 ? ['REQUEST_IN_PROGRESS'] : []));
  });

  it('refuses another password with 422, and tells nothing of the first', async () => {
    const key = randomUUID();
    const body = newcomer();
    await anonymous().post('/api/auth/signup', body, keyed(key));
    const answer = await anonymous().post('/api/auth/signup', { ...body, password: 'guess' }, keyed(key));
    expect([answer.status, answer.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });

  it('keeps a refusal of the body', async () => {
    const key = randomUUID();
    const body = { ...newcomer(), role: 'admin' };
    const first = await anonymous().post('/api/auth/signup', body, keyed(key));
    const second = await anonymous().post('/api/auth/signup', body, keyed(key));
    expect([first.status, second.status]).toEqual([400, 400]);
    expect(second.body.errors).toEqual(first.body.errors);
    expect(replayed(second)).toBe(true);
  });

  it('leaves neither password, address nor link readable in its row', async () => {
    const key = randomUUID();
    const body = newcomer();
    await anonymous().post('/api/auth/signup', body, keyed(key));
    const rows = await api.query<{ row: string }>(
      `SELECT row_to_json(k)::text || encode(answer, 'escape') AS row FROM idempotency_keys k`,
    );
    const all = rows.map(({ row }) => row).join('\n');
    for (const text of [body.email, body.password, key]) expect(all).not.toContain(text);
  });
});

describe('POST /api/auth/api-keys with an Idempotency-Key', () => {
  const NAMED = { name: 'nightly report', scopes: ['files:read'] };

  it('makes one key of two requests, and shows it again to whoever asked for it', async () => {
    const key = randomUUID();
    const first = await ops.post('/api/auth/api-keys', NAMED, keyed(key));
    const second = await ops.post('/api/auth/api-keys', NAMED, keyed(key));
    const theirs = await otherOps.post('/api/auth/api-keys', NAMED, keyed(key));
    expect([first.status, second.status, theirs.status]).toEqual([201, 201, 201]);
    expect([second.body, replayed(second)]).toEqual([first.body, true]);
    expect(theirs.body.key).not.toBe(first.body.key);
    const listed = await ops.get('/api/auth/api-keys');
    expect(listed.body.items).toHaveLength(1);
    const elsewhere = await ops.upload(document, { headers: keyed(key) });
    expect(elsewhere.body.code).toBe('IDEMPOTENCY_KEY_REUSED');
  });
});

it('invites once', async () => {
  const key = randomUUID();
  const offer = { email: `guest-${randomUUID()}@example.com`, role: 'client' };
  const first = await ops.post('/api/auth/invitations', offer, keyed(key));
  const second = await ops.post('/api/auth/invitations', offer, keyed(key));
  expect([first.status, second.status]).toEqual([201, 201]);
  expect([second.body, replayed(second)]).toEqual([first.body, true]);
});

describe('the header', () => {
  it.each([
    ['empty', ''],
    ['too long', 'x'.repeat(256)],
    ['with a space', 'a b'],
    ['beyond ASCII', 'schl\u00fcssel'],
    ['a list', 'a, b'],
  ])('is refused by its name: %s', async (_, key) => {
    const signup = await new ApiClient(api.url).post('/api/auth/signup', {}, keyed(key));
    const upload = await ops.upload(document, { headers: keyed(key) });
    for (const { status, body } of [signup, upload]) {
      expect(status).toBe(400);
      expect(body.errors).toEqual([{ pointer: 'Idempotency-Key', detail: expect.any(String) }]);
    }
  });

  it('means nothing where nothing is created', async () => {
    const key = randomUUID();
    const answer = await new ApiClient(api.url).post(
      '/api/auth/login',
      { email: 'a@b.c', password: 'x' },
      keyed(key),
    );
    expect(answer.status).toBe(401);
    expect(
      await new ApiClient(api.url).post('/api/auth/login', { email: 'c@b.c', password: 'x' }, keyed(key)),
    ).toMatchObject({ status: 401 });
  });
});

it('is swept when its time is over', async () => {
  await api.query(`UPDATE idempotency_keys SET expires_at = now() - interval '1 second'`);
  expect(await part(IdempotencyKeys).sweep()).toBeGreaterThan(0);
  expect(await api.query(`SELECT 1 FROM idempotency_keys WHERE state = 'done'`)).toEqual([]);
});

it('has a table that is what the entity says', async () => {
  const drift = await schemaDrift(part(DataSource));
  expect(drift.filter((statement) => statement.includes('idempotency_keys'))).toEqual([]);
});
