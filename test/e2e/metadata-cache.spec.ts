import { ApiApp } from '../support/api-app';
import { createPerson, patchFile, publishFile, type Person } from '../support/files';
import { readWhileWriting } from '../support/stale-reads';
import { startTwoInstances, type TwoInstances } from '../support/two-instances';

jest.setTimeout(60_000);

let instances: TwoInstances;
let api: ApiApp;
let ops: Person;
let client: Person;

beforeAll(async () => {
  instances = await startTwoInstances();
  api = instances.api;
  [ops, client] = await Promise.all([createPerson(api, 'ops'), createPerson(api, 'client')]);
});
afterAll(() => instances.stop());

/** What an instance says of a file, and whether its cache had it. */
async function look(who: Person, id: string, instance = 0): Promise<any> {
  const { status, body, headers } = await who.at(instances.urls[instance]!).get(`/api/files/${id}`);
  return { status, body, cache: headers.get('x-cache'), etag: headers.get('etag') };
}

describe('metadata', () => {
  it('comes from the cache that all instances share, until it changes', async () => {
    const { id } = await publishFile(api, ops);
    const first = await look(ops, id);
    expect(first).toMatchObject({ status: 200, cache: 'MISS', etag: '"r1"' });
    expect(await look(ops, id, 1)).toEqual({ ...first, cache: 'HIT' });

    const changed = await patchFile(ops.at(instances.urls[1]) as Person, id, { title: 'new' });
    expect(changed.status).toBe(200);
    expect(await look(ops, id)).toMatchObject({ cache: 'MISS', etag: '"r2"', body: { title: 'new' } });
    expect(await look(ops, id, 1)).toMatchObject({ cache: 'HIT', body: changed.body });
    expect((await ops.delete(`/api/files/${id}`)).status).toBe(204);
    expect((await look(ops, id, 1)).status).toBe(404);
  });

  it('is shown to each as he may see it, whoever asked first', async () => {
    const { id } = await publishFile(api, ops, {
      attributes: { visibility: 'restricted', recipients: [client.email] },
    });
    expect((await look(client, id)).body).not.toHaveProperty('recipients');
    const owners = await look(ops, id);
    expect(owners).toMatchObject({ cache: 'HIT', body: { recipients: [client.email] } });
    expect((await look(client, id)).body).not.toHaveProperty('recipients');

    await patchFile(ops, id, { recipients: [] });
    expect((await look(client, id, 1)).status).toBe(404);
  });

  it('has what is not part of a revision as it is now', async () => {
    const { id } = await publishFile(api, ops);
    await look(client, id);
    await api.query('UPDATE files SET download_count = 7 WHERE id = $1', [id]);
    await api.query(`UPDATE users SET full_name = 'Grace' WHERE id = $1`, [ops.userId]);
    const { body, cache } = await look(client, id);
    expect([cache, body.downloadCount, body.owner]).toEqual([
      'HIT',
      7,
      { id: ops.userId, fullName: 'Grace' },
    ]);
    await api.query(`UPDATE files SET expires_at = now() - interval '1 second' WHERE id = $1`, [id]);
    expect((await look(client, id)).status).toBe(410);
  });

  it('is not sent at all to whoever has it', async () => {
    const { id } = await publishFile(api, ops);
    const { etag } = await look(ops, id);
    const known = await ops.get(`/api/files/${id}`, { 'if-none-match': etag });
    expect([known.status, known.bytes.length, known.headers.get('etag')]).toEqual([304, 0, etag]);
    await patchFile(ops, id, { title: 'x' });
    expect((await ops.get(`/api/files/${id}`, { 'if-none-match': etag })).status).toBe(200);
  });

  it('is never out of date, while two instances write and read at random', async () => {
    const { reads, hits, stale } = await readWhileWriting(instances, ops, 2_000);
    expect(stale).toEqual([]);
    expect(reads).toBeGreaterThan(0);
    expect(hits).toBeGreaterThan(0);
  });
});

it('metadata is right without Redis', async () => {
  const alone = await ApiApp.start({ REDIS_URL: 'redis://127.0.0.1:1' });
  try {
    const owner = await createPerson(alone, 'ops');
    const { id } = await publishFile(alone, owner);
    for (const title of ['one', 'two']) {
      await patchFile(owner, id, { title });
      const { status, body, headers } = await owner.get(`/api/files/${id}`);
      expect([status, body.title, headers.get('x-cache')]).toEqual([200, title, 'MISS']);
    }
  } finally {
    await alone.stop();
  }
});
