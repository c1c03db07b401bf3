import { randomUUID } from 'node:crypto';
import { largeDocument } from '../fixtures/documents';
import {
  assertInvariants,
  OpenUpload,
  TestSystem,
  waitFor,
  withMoments,
  type Answer,
  type ApiClient,
} from '../support/system';

/** U21: an Idempotency-Key at two instances, of which one may die at any moment. */
jest.setTimeout(120_000);

let system: TestSystem;
const document = Buffer.concat([...largeDocument(20_000)]);

beforeAll(async () => {
  system = await TestSystem.start({ apis: 2, env: { LEASE_SECONDS: '1.5' } });
}, 60_000);
afterAll(() => system?.stop(), 30_000);
/** Whether the first instance is dead, or not itself. */
let spoiled = false;
afterEach(async () => {
  if (spoiled) {
    await system.apis[0]!.stop();
    await system.startApi(0);
    spoiled = false;
  }
  await assertInvariants(system);
}, 60_000);

type Person = ApiClient & { user: { id: string } };

const keyed = (key: string): { headers: Record<string, string> } => ({ headers: { 'idempotency-key': key } });
const replayed = (answer: Answer): boolean => answer.headers.get('idempotency-replayed') === 'true';
const at = (person: Person, index: number): ApiClient => person.at(system.urls[index]!);

/** Waits until all uploads of a person are over, and answers the ids of the files that came of them. */
async function filesOf(person: Person): Promise<string[]> {
  await waitFor('the uploads to be over', async () => {
    const [row] = await system.query<{ n: string }>(
      `SELECT count(*) AS n FROM uploads
       WHERE owner_id = $1 AND status NOT IN ('completed', 'failed', 'cancelled')`,
      [person.user.id],
    );
    return Number(row!.n) === 0;
  });
  const { body } = await at(person, 1).get('/api/files');
  return body.items.map(({ id }: { id: string }) => id);
}

/** Sends as a client with patience does: again, as long as the first request is said to be running. */
async function sendPatiently(send: () => Promise<Answer>): Promise<Answer> {
  let answer: Answer | undefined;
  await waitFor(
    'the key to be free',
    async () => (answer = await send()).body?.code !== 'REQUEST_IN_PROGRESS',
  );
  return answer!;
}

describe('U21', () => {
  it('makes one file of the same request twice, at whichever instance', async () => {
    const ops = await system.client('ops', 1);
    const key = randomUUID();
    const first = await at(ops, 0).upload(document, keyed(key));
    const second = await at(ops, 1).upload(document, keyed(key));
    expect(first.status).toBe(201);
    expect([second.status, second.body, replayed(second)]).toEqual([201, first.body, true]);
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect(await filesOf(ops)).toEqual([first.body.fileId]);
  });

  it('makes one file of ten requests at once', async () => {
    const ops = await system.client('ops', 1);
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => at(ops, index % 2).upload(document, keyed(key))),
    );
    const made = answers.filter(({ status }) => status === 201);
    const others = answers.filter(({ status }) => status !== 201);
    expect(new Set(made.map(({ body }) => body.fileId)).size).toBe(1);
    for (const { status, body } of others) expect([status, body.code]).toEqual([409, 'REQUEST_IN_PROGRESS']);
    expect(await filesOf(ops)).toEqual([made[0]!.body.fileId]);
  });

  it('refuses another body, and is another key for another user', async () => {
    const [ops, other] = [await system.client('ops', 1), await system.client('ops', 1)];
    const key = randomUUID();
    const bytes = Buffer.concat([...largeDocument(50_000)]);
    const mine = await at(ops, 0).upload(document, keyed(key));
    const reused = await at(ops, 1).upload(bytes, keyed(key));
    expect([reused.status, reused.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    const theirs = await at(other, 1).upload(bytes, keyed(key));
    expect(theirs.status).toBe(201);
    expect(await filesOf(ops)).toEqual([mine.body.fileId]);
    expect(await filesOf(other)).toEqual([theirs.body.fileId]);
  });

  it('may be used again after a 5xx', async () => {
    const ops = await system.client('ops', 1);
    const key = randomUUID();
    spoiled = true;
    await system.apis[0]!.stop();
    await system.startApi(0, withMoments({ fail: { operation: 'sync staging', code: 'ENOSPC' } }));
    expect((await at(ops, 0).upload(document, keyed(key))).status).toBe(507);
    const answer = await at(ops, 1).upload(document, keyed(key));
    expect([answer.status, replayed(answer)]).toEqual([201, false]);
    expect(await filesOf(ops)).toEqual([answer.body.fileId]);
  });

  it('is freed by its lease when its instance is killed while the bytes come', async () => {
    const ops = await system.client('ops', 1);
    const key = randomUUID();
    const cut = new OpenUpload(at(ops, 0), document.length, keyed(key).headers);
    await cut.send(document.subarray(0, 5_000));
    await waitFor('the upload to have begun', async () => {
      const rows = await system.query('SELECT 1 FROM uploads WHERE id = $1', [cut.uploadId]);
      return rows.length > 0;
    });
    spoiled = true;
    await system.apis[0]!.kill9();
    const tooEarly = await at(ops, 1).upload(document, keyed(key));
    expect([tooEarly.status, tooEarly.body.code]).toEqual([409, 'REQUEST_IN_PROGRESS']);
    const answer = await sendPatiently(() => at(ops, 1).upload(document, keyed(key)));
    expect(answer.status).toBe(201);
    expect(await filesOf(ops)).toEqual([answer.body.fileId]);
  });

  it.each([
    'before commit begun',
    'after commit begun',
    'before sync staging',
    'before commit part+received',
    'after commit part+received',
    'before commit validated',
    'after commit validated',
    'before answer 201',
  ])('makes exactly one file when its instance is killed: %s', async (moment) => {
    const ops = await system.client('ops', 1);
    const key = randomUUID();
    spoiled = true;
    await system.apis[0]!.stop();
    const mortal = await system.startApi(0, withMoments({ crash: { at: moment } }));
    await expect(at(ops, 0).upload(document, keyed(key))).rejects.toThrow();
    await mortal.exited;
    const answer = await sendPatiently(() => at(ops, 1).upload(document, keyed(key)));
    expect(answer.status).toBe(201);
    const again = await at(ops, 1).upload(document, keyed(key));
    expect([again.status, again.body, replayed(again)]).toEqual([201, answer.body, true]);
    const other = await at(ops, 1).upload(document, { ...keyed(key), name: 'other.docx' });
    expect(other.status).toBe(422);
    expect(await filesOf(ops)).toEqual([answer.body.fileId]);
  });

  it('makes exactly one file when its instance only seemed to be dead', async () => {
    const ops = await system.client('ops', 1);
    const key = randomUUID();
    const slow = new OpenUpload(at(ops, 0), document.length, keyed(key).headers);
    await slow.send(document);
    await waitFor('the upload to have begun', async () => {
      const rows = await system.query('SELECT 1 FROM uploads WHERE id = $1', [slow.uploadId]);
      return rows.length > 0;
    });
    let answer: Answer | undefined;
    await waitFor('the key to be taken over', async () => {
      await system.query(`UPDATE idempotency_keys SET lease_until = '-infinity' WHERE scope = $1`, [
        `user:${ops.user.id}`,
      ]);
      answer = await at(ops, 1).upload(document, keyed(key));
      return answer.status === 201;
    });
    const late = await slow.finish();
    expect([late.status, late.body.code]).toEqual([409, 'REQUEST_IN_PROGRESS']);
    expect(await filesOf(ops)).toEqual([answer!.body.fileId]);
  });

  it('gives the same download link again', async () => {
    const ops = await system.client('ops', 1);
    const { fileId } = await ops.uploadAndWait(document);
    const key = randomUUID();
    const ask = (index: number, body: object): Promise<Answer> =>
      at(ops, index).post(`/api/files/${fileId}/download-link`, body, keyed(key).headers);
    const [first, second] = [await ask(0, {}), await ask(1, {})];
    expect(first.status).toBe(201);
    expect([second.body, replayed(second)]).toEqual([first.body, true]);
    expect((await ask(0, { expiresInSeconds: 60 })).status).toBe(422);
  });
});
