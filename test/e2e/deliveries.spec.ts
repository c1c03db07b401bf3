import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { randomBytes } from '@waybill/core/crypto';
import { DeliverySweeper } from '@waybill/features/files';
import { ApiApp } from '../support/api-app';
import { createPerson, eventsOf, part, patchFile, publishFile, type Person } from '../support/files';
import { waitFor } from '../support/system';

const MIB = 1024 * 1024;

jest.setTimeout(60_000);

let api: ApiApp;
let ops: Person;
let client: Person;

beforeAll(async () => {
  api = await ApiApp.start({ LEASE_SECONDS: '1' });
  ops = await createPerson(api, 'ops');
  client = await createPerson(api, 'client');
});

afterAll(() => api?.stop());

async function linkTo(
  size: number,
  maxDownloads: number | null,
): Promise<{ id: string; path: string; bytes: Buffer }> {
  const bytes = randomBytes(size);
  const { id } = await publishFile(api, ops, { plaintext: bytes, attributes: { maxDownloads } });
  return { id, path: await client.downloadLink(id), bytes };
}

async function count(id: string): Promise<number> {
  return (await ops.get(`/api/files/${id}`)).body.downloadCount as number;
}

const range = (from: number, to: number | '' = ''): Record<string, string> => ({
  range: `bytes=${from}-${to}`,
});

/** Begins a download, reads at least so many bytes, and resets the connection. */
async function abort(path: string, after: number, headers: Record<string, string> = {}): Promise<Buffer> {
  const request = get(api.url + path, { agent: false, headers: { 'user-agent': 'node', ...headers } });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    if (Buffer.concat(chunks).length >= after) break;
  }
  request.socket?.resetAndDestroy();
  return Buffer.concat(chunks);
}

const anonymous = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(api.url + path, { headers: { 'user-agent': 'node', ...headers } });
  return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()), code: answer.headers };
};

describe('a delivery', () => {
  it('is counted when it is sent, whoever else looks', async () => {
    const { id, path, bytes } = await linkTo(3 * MIB + 1, 2);
    for (let look = 0; look < 3; look++) expect((await client.request('HEAD', path)).status).toBe(200);
    const etag = (await client.request('HEAD', path)).headers.get('etag')!;
    expect((await client.get(path, { 'if-none-match': etag })).status).toBe(304);
    expect((await client.get(path, range(3 * MIB + 1))).status).toBe(416);
    expect((await client.get(path, { 'if-match': '"other"' })).status).toBe(412);
    expect(await count(id)).toBe(0);
    expect((await client.get(path)).bytes.equals(bytes)).toBe(true);
    expect((await client.get(path)).bytes.equals(bytes)).toBe(true);
    await waitFor('both to be counted', async () => (await count(id)) === 2);
    for (const method of ['GET', 'HEAD']) expect((await client.request(method, path)).status).toBe(410);
    expect((await client.get(path, { 'if-none-match': etag })).status).toBe(410);
    expect((await client.get(path, range(3 * MIB + 1))).status).toBe(410);
    expect((await client.get(path, range(0, 0))).status).toBe(410);
    expect(await count(id)).toBe(2);
    expect((await eventsOf(api, id)).filter((type) => type === 'file.downloaded')).toHaveLength(2);
  });

  it('of the owner is none', async () => {
    const { id } = await linkTo(1000, 1);
    for (let turn = 0; turn < 3; turn++) expect((await ops.get(`/api/files/${id}/content`)).status).toBe(200);
    const own = await ops.downloadLink(id);
    expect((await ops.get(own)).status).toBe(200);
    expect(await count(id)).toBe(0);
  });

  it('that is empty is one, too', async () => {
    const { id, path } = await linkTo(0, 1);
    expect((await client.get(path)).status).toBe(200);
    expect((await client.get(path)).status).toBe(410);
    expect(await count(id)).toBe(1);
  });

  it.each([3 * MIB, 24 * MIB])(
    'of %d bytes that broke may be finished, although no slot is left',
    async (size) => {
      const { id, path, bytes } = await linkTo(size, 1);
      const first = await abort(path, 100_000);
      const rest = await anonymous(path, range(first.length));
      expect([rest.status, rest.bytes.equals(bytes.subarray(first.length))]).toEqual([206, true]);
      expect(await count(id)).toBe(1);
      await waitFor('its end', async () => (await eventsOf(api, id)).includes('file.downloaded'));
      for (const again of [range(0), range(first.length), range(0, 9), {}]) {
        expect((await anonymous(path, again)).status).toBe(410);
      }
      expect((await eventsOf(api, id)).filter((type) => type === 'file.downloaded')).toHaveLength(1);
    },
  );

  it('is finished by whoever began it, and by nobody else', async () => {
    const { path } = await linkTo(2 * MIB, 1);
    const first = await abort(path, 1000);
    expect((await anonymous(path, { ...range(first.length), 'user-agent': 'another' })).status).toBe(410);
    expect((await anonymous(path, range(first.length))).status).toBe(206);
  });

  it('is not finished for ever: its bytes stay within its size and a tenth', async () => {
    const { id, path, bytes } = await linkTo(20 * MIB, 1);
    let sent = 0;
    let turns = 0;
    for (; turns < 50; turns++) {
      const answer = await anonymous(path, range(0, 2 * MIB - 1));
      if (answer.status === 410) break;
      expect(answer.bytes.equals(bytes.subarray(0, 2 * MIB))).toBe(true);
      sent += answer.bytes.length;
    }
    expect(sent).toBeLessThanOrEqual(22 * MIB);
    expect(sent).toBeGreaterThanOrEqual(20 * MIB);
    expect(await count(id)).toBe(1);
  });

  it('is not begun anew in the place of one that broke', async () => {
    const { id, path } = await linkTo(2 * MIB, 1);
    await abort(path, 2 * MIB - 1);
    expect((await anonymous(path, range(0))).status).toBe(410);
    expect((await anonymous(path)).status).toBe(410);
    expect(await count(id)).toBe(1);
  });

  it('that breaks again and again has nothing more to send in the end', async () => {
    const { id, path } = await linkTo(2 * MIB, 1);
    const first = await abort(path, 1000);
    const again = await abort(path, 1000, range(first.length));
    await waitFor('the break to be noticed', async () => (await inFlight()) === 0);
    expect((await anonymous(path, range(first.length + again.length))).status).toBe(410);
    expect(await count(id)).toBe(1);
  });

  it('is not finished after an hour', async () => {
    const { path } = await linkTo(2 * MIB, 1);
    const first = await abort(path, 1000);
    await waitFor('the break to be noticed', async () => (await inFlight()) === 0);
    await api.query(`UPDATE deliveries SET started_at = now() - interval '61 min'`);
    expect((await anonymous(path, range(first.length))).status).toBe(410);
  });

  it('takes no slot that its damaged bytes do not use', async () => {
    const { id, path } = await linkTo(1000, 1);
    await api.query(
      `UPDATE files SET wrapped_dek = (SELECT wrapped_dek FROM files WHERE id <> $1 LIMIT 1) WHERE id = $1`,
      [id],
    );
    expect((await client.get(path)).status).toBe(500);
    expect(await count(id)).toBe(0);
    expect(await api.query('SELECT 1 FROM deliveries WHERE subject_id = $1', [id])).toEqual([]);
  });

  it('L04 of a limit of 3, asked for by 50 at once, is made three times', async () => {
    const { id, path, bytes } = await linkTo(2 * MIB, 3);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, who) => anonymous(path, { 'user-agent': `reader ${who}` })),
    );
    const whole = answers.filter(({ status }) => status === 200);
    expect(whole).toHaveLength(3);
    for (const each of whole) expect(each.bytes.equals(bytes)).toBe(true);
    expect(answers.filter(({ status }) => status === 410)).toHaveLength(47);
    expect(await count(id)).toBe(3);
  });

  it('comes back by its lease where its process died before anything was on record', async () => {
    const { id, path, bytes } = await linkTo(2 * MIB, 1);
    await abort(path, 1000);
    await waitFor('the break to be noticed', async () => (await inFlight()) === 0);
    // As a process leaves it that was killed with its first segment on the wire.
    await api.query(`UPDATE deliveries SET bytes = 0, forgiven = 0, reserved = size WHERE subject_id = $1`, [
      id,
    ]);
    await api.query(
      `INSERT INTO delivery_sendings (id, delivery_id, length, begun, lease_until)
       SELECT gen_random_uuid(), id, size, false, now() - interval '1 s' FROM deliveries WHERE subject_id = $1`,
      [id],
    );
    expect((await anonymous(path)).status).toBe(410);
    await part(api, DeliverySweeper).run();
    expect(await count(id)).toBe(0);
    expect((await anonymous(path)).bytes.equals(bytes)).toBe(true);
  });

  it('of a process that died is finished by another one', async () => {
    const { id, path, bytes } = await linkTo(2 * MIB, 1);
    await abort(path, 1000);
    await waitFor('the break to be noticed', async () => (await inFlight()) === 0);
    await api.query(`UPDATE deliveries SET bytes = 0, forgiven = 0, reserved = size WHERE subject_id = $1`, [
      id,
    ]);
    await api.query(
      `INSERT INTO delivery_sendings (id, delivery_id, length, sent, begun, lease_until)
       SELECT gen_random_uuid(), id, size, 1000, true, now() + interval '1 s' FROM deliveries WHERE subject_id = $1`,
      [id],
    );
    const rest = await anonymous(path, range(1000));
    expect([rest.status, rest.bytes.equals(bytes.subarray(1000))]).toEqual([206, true]);
    expect(await count(id)).toBe(1);
  });

  it('counts on after its limit was changed', async () => {
    const { id, path } = await linkTo(1000, 1);
    expect((await client.get(path)).status).toBe(200);
    expect((await client.get(path)).status).toBe(410);
    await patchFile(ops, id, { maxDownloads: 2 });
    expect((await client.get(path)).status).toBe(200);
    expect((await client.get(path)).status).toBe(410);
    expect(await count(id)).toBe(2);
  });
});

async function inFlight(): Promise<number> {
  const [row] = await api.query('SELECT count(*)::int AS n FROM delivery_sendings');
  return row.n;
}
