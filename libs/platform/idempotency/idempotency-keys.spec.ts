import { sha256 } from '@waybill/core/crypto';
import { AppError, uuidv7 } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { Database, dataSourceOptions } from '@waybill/platform/database';
import type { Response } from 'express';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { testEnvironment } from '../../../test/support/environment';
import { HeldKey } from './held-key';
import { IdempotencyKeyRepository } from './idempotency-key.repository';
import { assertSameBody, EarlierAnswer, IdempotencyKeys } from './idempotency-keys';
import type { KeyedRequest } from './keyed-request';

let testDatabase: TestDatabase;
let source: DataSource;
let database: Database;
let keys: IdempotencyKeys;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const config = new AppConfig(testEnvironment({ DATABASE_URL: testDatabase.url }));
  source = await new DataSource(dataSourceOptions(config)).initialize();
  database = new Database(source);
  keys = new IdempotencyKeys(new IdempotencyKeyRepository(database), config);
});
afterAll(async () => {
  await source.destroy();
  await testDatabase.drop();
});

const BODY = 'one body';
const newRequest = (): KeyedRequest => ({
  scope: `user:${uuidv7()}`,
  keyHash: sha256(uuidv7()),
  operation: sha256('POST /api/things'),
});

interface Answered {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

/** As much of a response as answers are made with. */
function newResponse(): Response & { headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  const response = {
    statusCode: 201,
    headers,
    status: (code: number) => Object.assign(response, { statusCode: code }),
    setHeader: (name: string, value: string) => (headers[name] = value),
    getHeader: (name: string) => headers[name],
  };
  return response as unknown as Response & { headers: Record<string, string> };
}

/** Sends a request as a route would: `work` is what it does, if it comes to that. */
async function send(
  request: KeyedRequest,
  work: (response: Response) => unknown = () => ({ id: 1 }),
  body = BODY,
): Promise<Answered> {
  const fingerprint = keys.fingerprint(body);
  const response = newResponse();
  const claim = await keys.claim(request, fingerprint);
  const answer =
    claim instanceof EarlierAnswer
      ? claim.replay(fingerprint, response)
      : await claim.answer(
          () => fingerprint,
          response,
          async () => work(response),
        );
  return { status: response.statusCode, headers: response.headers, body: answer };
}

async function hold(request: KeyedRequest): Promise<HeldKey> {
  const claim = await keys.claim(request, null);
  if (!(claim instanceof HeldKey)) throw new Error('The key is not free.');
  return claim;
}

const refusal = (code: string): unknown => expect.objectContaining({ code });

/** As time does when a process has died. */
async function expire(request: KeyedRequest, column: 'lease_until' | 'expires_at'): Promise<void> {
  await database.query(
    `UPDATE idempotency_keys SET ${column} = now() - interval '1 second' WHERE scope = $1`,
    [request.scope],
  );
}

async function rowOf(request: KeyedRequest): Promise<Record<string, unknown> | undefined> {
  const [row] = await database.query<Record<string, unknown>>(
    `SELECT * FROM idempotency_keys WHERE scope = $1`,
    [request.scope],
  );
  return row;
}

const end = (held: HeldKey): Promise<unknown> =>
  held
    .answer(
      () => null,
      newResponse(),
      () => Promise.reject(new Error('ended')),
    )
    .catch(() => undefined);

describe('the first answer', () => {
  it('is given again, with its status and what belongs to the thing, and nothing is done again', async () => {
    const request = newRequest();
    let done = 0;
    const work = (response: Response): unknown => {
      done += 1;
      response.setHeader('Location', '/things/1');
      response.setHeader('ETag', '"1"');
      response.setHeader('X-Request-Id', 'of the first');
      return { id: 1, at: new Date(0) };
    };
    const first = await send(request, work);
    const second = await send(request, work);
    expect(first.headers).not.toHaveProperty('Idempotency-Replayed');
    expect(second).toEqual({
      status: 201,
      headers: { Location: '/things/1', ETag: '"1"', 'Idempotency-Replayed': 'true' },
      body: { id: 1, at: '1970-01-01T00:00:00.000Z' },
    });
    expect(done).toBe(1);
  });

  it('may be empty', async () => {
    const request = newRequest();
    await send(request, (response) => void response.status(204));
    expect(await send(request)).toMatchObject({ status: 204, body: undefined });
  });

  it('is refused to another body and to another address', async () => {
    const request = newRequest();
    await send(request);
    await expect(send(request, undefined, 'another')).rejects.toEqual(refusal('IDEMPOTENCY_KEY_REUSED'));
    const elsewhere = { ...request, operation: sha256('POST /api/elsewhere') };
    await expect(send(elsewhere)).rejects.toEqual(refusal('IDEMPOTENCY_KEY_REUSED'));
  });

  it('is nobody else’s', async () => {
    const request = newRequest();
    await send(request);
    const other = { ...request, scope: `user:${uuidv7()}` };
    expect((await send(other, () => 'theirs', 'another')).body).toBe('theirs');
  });

  it('rests unreadable, and opens in no other row', async () => {
    const [mine, theirs] = [newRequest(), newRequest()];
    await send(mine, () => ({ secret: 'a link that lets in' }), 'my password');
    await send(theirs, () => ({}), 'my password');
    const { answer } = (await rowOf(mine)) as { answer: Buffer };
    expect(answer.includes('link')).toBe(false);
    await database.query(`UPDATE idempotency_keys SET answer = $2 WHERE scope = $1`, [theirs.scope, answer]);
    await expect(send(theirs, undefined, 'my password')).rejects.toEqual(refusal('INTEGRITY_FAILURE'));
  });

  it('is forgotten when its time is over', async () => {
    const request = newRequest();
    await send(request, () => 'first');
    await expire(request, 'lease_until');
    expect((await send(request)).body).toBe('first');
    await expire(request, 'expires_at');
    expect((await send(request, () => 'second', 'another')).body).toBe('second');
  });
});

describe('a refusal', () => {
  it.each([
    'VALIDATION_FAILED',
    'NOT_FOUND',
    'EMAIL_TAKEN',
    'UNSUPPORTED_FILE_TYPE',
    'QUOTA_EXCEEDED',
  ] as const)('%s is an answer like any other', async (code) => {
    const request = newRequest();
    const errors = [{ pointer: '/title', detail: 'must be a string' }];
    const refuse = (): never => {
      throw new AppError(code, 'No.', { errors });
    };
    await expect(send(request, refuse)).rejects.toMatchObject({ code });
    await expect(send(request)).rejects.toMatchObject({ code, message: 'No.', errors });
    await expect(send(request, undefined, 'another')).rejects.toEqual(refusal('IDEMPOTENCY_KEY_REUSED'));
  });

  it.each([
    ['INTERNAL', new Error('a bug')],
    ['DEPENDENCY_UNAVAILABLE', new AppError('DEPENDENCY_UNAVAILABLE', 'Away.')],
    ['STORAGE_FULL', new AppError('STORAGE_FULL', 'Full.')],
    ['UNAUTHENTICATED', new AppError('UNAUTHENTICATED', 'Who?')],
    ['FORBIDDEN', new AppError('FORBIDDEN', 'Not you.')],
    ['UPLOAD_LOCKED', new AppError('UPLOAD_LOCKED', 'Busy.')],
    ['RATE_LIMITED', new AppError('RATE_LIMITED', 'Slowly.')],
    ['FILE_NOT_READY', new AppError('FILE_NOT_READY', 'Soon.', { retryAfterSeconds: 1 })],
  ])('%s leaves nothing, and the key is free at once', async (_, error) => {
    const request = newRequest();
    await expect(send(request, () => Promise.reject(error))).rejects.toBe(error);
    expect(await rowOf(request)).toBeUndefined();
    expect((await send(request, () => 'made', 'another')).body).toBe('made');
  });

  it('is not kept while the body has not come whole', async () => {
    const request = newRequest();
    const held = await hold(request);
    const error = new AppError('UNSUPPORTED_FILE_TYPE', 'No.');
    const refused = held.answer(
      () => null,
      newResponse(),
      () => Promise.reject(error),
    );
    await expect(refused).rejects.toBe(error);
    expect(await rowOf(request)).toBeUndefined();
  });
});

describe('a request that is running', () => {
  it('lets no other be carried out, and says when to ask again', async () => {
    const request = newRequest();
    let finish!: () => void;
    const first = send(request, () => new Promise<void>((resolve) => (finish = resolve)));
    while (!(await rowOf(request))) await new Promise(setImmediate);
    await expect(send(request)).rejects.toMatchObject({ code: 'REQUEST_IN_PROGRESS', retryAfterSeconds: 1 });
    await expect(send(request, undefined, 'another')).rejects.toEqual(refusal('IDEMPOTENCY_KEY_REUSED'));
    finish();
    await first;
    expect((await send(request)).headers).toHaveProperty('Idempotency-Replayed');
  });

  it('is one, however many come at once', async () => {
    const request = newRequest();
    let made = 0;
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => send(request, () => ({ id: ++made }))),
    );
    expect(made).toBe(1);
    for (const answer of answers) {
      if (answer.status === 'fulfilled') expect(answer.value.body).toEqual({ id: 1 });
      else expect(answer.reason).toEqual(refusal('REQUEST_IN_PROGRESS'));
    }
  });

  it('keeps its key by signs of life', async () => {
    const config = new AppConfig(testEnvironment({ DATABASE_URL: testDatabase.url, LEASE_SECONDS: '0.2' }));
    const impatient = new IdempotencyKeys(new IdempotencyKeyRepository(database), config);
    const request = newRequest();
    const held = (await impatient.claim(request, null)) as HeldKey;
    const leased = async (): Promise<number> => ((await rowOf(request))!.lease_until as Date).getTime();
    const first = await leased();
    // Past the end of the first lease, so that only a renewed one can hold.
    while ((await leased()) < first + 200) await new Promise(setImmediate);
    await expect(impatient.claim(request, null)).rejects.toEqual(refusal('REQUEST_IN_PROGRESS'));
    await end(held);
  });
});

describe('a request that died', () => {
  it('frees its key by its lease, for whatever body comes next', async () => {
    const request = newRequest();
    const dead = await hold(request);
    await expire(request, 'lease_until');
    expect((await send(request, () => 'second', 'another')).body).toBe('second');
    await end(dead);
    expect((await send(request, undefined, 'another')).body).toBe('second');
  });

  it('can make nothing any more when it was only taken for dead', async () => {
    const request = newRequest();
    const slow = await hold(request);
    await expire(request, 'lease_until');
    const second = await hold(request);
    const made = { subject: uuidv7(), fingerprint: keys.fingerprint(BODY) };
    await expect(database.transaction((tx) => slow.mark(tx, made))).rejects.toEqual(
      refusal('REQUEST_IN_PROGRESS'),
    );
    await end(slow);
    await database.transaction((tx) => second.mark(tx, made));
    await end(second);
  });

  it('leaves what it made to the next one, with the body that it was made from', async () => {
    const request = newRequest();
    const made = { subject: uuidv7(), fingerprint: keys.fingerprint(BODY) };
    const dead = await hold(request);
    await database.transaction((tx) => dead.mark(tx, made));
    await expect(keys.claim(request, null)).rejects.toEqual(refusal('REQUEST_IN_PROGRESS'));
    await expire(request, 'lease_until');
    const next = await hold(request);
    expect(next.made).toEqual(made);
    expect(() => assertSameBody(next.made!.fingerprint, keys.fingerprint('another'))).toThrow(
      refusal('IDEMPOTENCY_KEY_REUSED') as Error,
    );
    // The next one fails, and what was made is still there for the one after it, without waiting.
    await end(next);
    const third = await hold(request);
    expect(third.made).toEqual(made);
    await end(third);
    await end(dead);
    const elsewhere = { ...request, operation: sha256('POST /api/elsewhere') };
    await expect(keys.claim(elsewhere, null)).rejects.toEqual(refusal('IDEMPOTENCY_KEY_REUSED'));
  });

  it('has made nothing when its transaction did not end', async () => {
    const request = newRequest();
    const held = await hold(request);
    const made = { subject: uuidv7(), fingerprint: keys.fingerprint(BODY) };
    const undone = database.transaction(async (tx) => {
      await held.mark(tx, made);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    await end(held);
    const next = await hold(request);
    expect(next.made).toBeNull();
    await end(next);
  });
});

describe('the sweep', () => {
  it('ends when nothing is left of what is over, however much that is', async () => {
    await database.query(
      `INSERT INTO idempotency_keys (scope, key_hash, operation, state, holder, lease_until, expires_at)
       SELECT 'user:gone', sha256(n::text::bytea), '', 'done', gen_random_uuid(), now(), now() - interval '1 hour'
       FROM generate_series(1, 2500) AS n`,
    );
    expect(await keys.sweep()).toBeGreaterThanOrEqual(2500);
    expect(await database.query(`SELECT 1 FROM idempotency_keys WHERE scope = 'user:gone'`)).toEqual([]);
  });

  it('removes what is over: answers after their time, keys of the dead, and nothing that is held', async () => {
    const [kept, over, dead, held] = [newRequest(), newRequest(), newRequest(), newRequest()];
    await send(kept);
    await send(over);
    await expire(over, 'expires_at');
    const [first, second] = [await hold(dead), await hold(held)];
    await expire(dead, 'lease_until');
    await expire(dead, 'expires_at');
    await expire(held, 'expires_at');
    await keys.sweep();
    const left = await Promise.all([kept, over, dead, held].map(async (each) => Boolean(await rowOf(each))));
    expect(left).toEqual([true, false, false, true]);
    await end(first);
    await end(second);
  });
});
