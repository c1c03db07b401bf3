import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { largeDocument } from '../fixtures/documents';
import { share, sharedBy, type Shared } from '../support/shares';
import { TestSystem, waitFor, type Answer, type ApiClient, type TestUser } from '../support/system';

jest.setTimeout(180_000);

type Caller = ApiClient & { user: TestUser };

/** More than sender, receiver and what lies between them hold. */
const LARGE = Buffer.concat([...largeDocument(24 * 1024 * 1024)]);
const SMALL = Buffer.concat([...largeDocument(300_000)]);

let system: TestSystem;
let ops: Caller;
let admin: Caller;

beforeAll(async () => {
  system = await TestSystem.start({ apis: 2 });
  [ops, admin] = [await system.client('ops'), await system.client('admin')];
}, 60_000);
afterAll(() => system?.stop(), 30_000);

async function uploaded(owner: Caller, content = SMALL): Promise<string> {
  return (await owner.uploadAndWait(content)).fileId;
}

async function bundled(owner: Caller, fileIds: string[]): Promise<Shared> {
  return sharedBy(await owner.post('/api/shares', { fileIds }));
}

/** The answers of all instances. */
const everywhere = (ask: (url: string) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(system.urls.map(ask));
const statusesOf = async (path: string, headers = {}): Promise<number[]> =>
  (await everywhere((url) => system.anonymous().at(url).get(path, headers))).map(({ status }) => status);

async function bytesGone(fileId: string): Promise<void> {
  const [{ key }] = await system.query('SELECT object_key AS key FROM files WHERE id = $1', [fileId]);
  await waitFor('its bytes to be swept', async () => (await system.pathOf(key)) === null);
}

describe('D04 a bundle under download', () => {
  /** Its end, and which of the two files meets it: the one that is being sent, or the one that comes behind it. */
  it.each<[string, number, (id: string) => Promise<unknown>]>([
    ['the file that is being sent is deleted', 0, (id) => ops.delete(`/api/files/${id}`)],
    ['the file that comes next is deleted', 1, (id) => ops.delete(`/api/files/${id}`)],
    [
      'the file that comes next expires',
      1,
      (id) =>
        system.query(`UPDATE files SET expires_at = now() + interval '0.2 seconds' WHERE id = $1`, [id]),
    ],
  ])('D04 is whole or breaks visibly when %s and is swept', async (_title, which, end) => {
    const fileIds = [await uploaded(ops, LARGE), await uploaded(ops, LARGE)];
    const { path } = await bundled(ops, fileIds);
    const archive = await system.anonymous().get(path);
    expect(archive.status).toBe(200);

    const sent = get(system.url + path, { agent: new Agent() });
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.pause();
    await end(fileIds[which]!);
    await bytesGone(fileIds[which]!);
    expect(await statusesOf(path)).toEqual([410, 410]);
    const chunks: Buffer[] = [];
    await (async () => {
      for await (const chunk of response) chunks.push(chunk as Buffer);
    })().catch(() => undefined);

    const received = Buffer.concat(chunks);
    if (response.complete) expect(received.equals(archive.bytes)).toBe(true);
    // What came before it broke are the archive's own bytes, and nobody gets the rest.
    else expect(archive.bytes.subarray(0, received.length).equals(received)).toBe(true);
    const rest = { range: `bytes=${received.length}-`, 'if-range': archive.headers.get('etag')! };
    expect(await statusesOf(path, rest)).toEqual([410, 410]);
    // The other file of the bundle is as it was.
    const other = await ops.get(`/api/files/${fileIds[1 - which]}/content`);
    expect([other.status, other.bytes.equals(LARGE)]).toEqual([200, true]);
  });
});

describe('D05 bundles that end', () => {
  it('D05 one whose rows are deleted by hand takes no file and no other share with it', async () => {
    const [one, two] = [await uploaded(ops), await uploaded(ops)];
    const [lost, emptied, kept, single] = [
      await bundled(ops, [one, two]),
      await bundled(ops, [one, two]),
      await bundled(ops, [two, one]),
      await share(ops, one),
    ];
    await system.query('DELETE FROM share_files WHERE share_id = $1', [lost.id]);
    await system.query('DELETE FROM shares WHERE id = $1', [lost.id]);
    await system.query('DELETE FROM share_files WHERE share_id = $1', [emptied.id]);
    expect(await statusesOf(lost.path)).toEqual([404, 404]);
    for (const status of await statusesOf(emptied.path)) expect([404, 410]).toContain(status);
    expect(await statusesOf(kept.path)).toEqual([200, 200]);
    expect(await statusesOf(single.path)).toEqual([200, 200]);
    await system.waitUntilSwept();
    for (const id of [one, two]) expect((await ops.get(`/api/files/${id}/content`)).status).toBe(200);
  });

  it('D05 an owner who is deleted takes his bundles and files, and nobody else’s', async () => {
    const leaving = await system.client('ops');
    const theirs = [await uploaded(leaving), await uploaded(leaving)];
    const ours = [await uploaded(ops), await uploaded(ops)];
    const [gone, kept] = [await bundled(leaving, theirs), await bundled(ops, ours)];
    expect(await statusesOf(gone.path)).toEqual([200, 200]);
    expect((await admin.delete(`/api/users/${leaving.user.id}`)).status).toBe(204);
    expect(await statusesOf(gone.path)).toEqual([410, 410]);
    for (const id of theirs) await bytesGone(id);
    expect(await statusesOf(gone.path)).toEqual([410, 410]);
    expect(await statusesOf(kept.path)).toEqual([200, 200]);
    for (const id of ours) expect((await ops.get(`/api/files/${id}/content`)).bytes.equals(SMALL)).toBe(true);
  });
});

describe('what the metadata cache has', () => {
  /** A file of which every instance's cache has just told. */
  async function cached(owner: Caller, reader: Caller): Promise<string> {
    const id = await uploaded(owner);
    for (const who of [owner, reader]) await seen(who, id);
    expect((await seen(reader, id)).map(([, cache]) => cache)).toEqual(['HIT', 'HIT']);
    return id;
  }

  const seen = async (who: Caller, id: string): Promise<[number, string | null][]> =>
    (await everywhere((url) => who.at(url).get(`/api/files/${id}`))).map(({ status, headers }) => [
      status,
      headers.get('x-cache'),
    ]);
  const statuses = async (who: Caller, id: string): Promise<number[]> =>
    (await seen(who, id)).map(([status]) => status);

  it.each<[string, number, (id: string) => Promise<unknown>]>([
    ['is deleted', 404, (id) => ops.delete(`/api/files/${id}`)],
    [
      'expires',
      410,
      (id) => system.query(`UPDATE files SET expires_at = now() - interval '1 second' WHERE id = $1`, [id]),
    ],
  ])('D04 is told of no file that %s, before the sweep and after it', async (_title, status, end) => {
    const reader = await system.client('client');
    const [id, other] = [await cached(ops, reader), await cached(ops, reader)];
    const [worker] = system.workers;
    worker!.signal('SIGSTOP'); // What comes next is not the sweeper's doing.
    await end(id);
    for (const who of [ops, reader]) expect(await statuses(who, id)).toEqual([status, status]);
    worker!.signal('SIGCONT');
    await bytesGone(id);
    for (const who of [ops, reader]) expect(await statuses(who, id)).toEqual([status, status]);
    expect(await statuses(reader, other)).toEqual([200, 200]);
  });

  it('D05 goes with an owner who is deleted or disabled, by the next request, and nobody else’s does', async () => {
    const reader = await system.client('client');
    const [deleted, disabled] = [await system.client('ops'), await system.client('ops')];
    const [gone, hidden, kept] = [
      await cached(deleted, reader),
      await cached(disabled, reader),
      await cached(ops, reader),
    ];
    expect((await admin.delete(`/api/users/${deleted.user.id}`)).status).toBe(204);
    await system.query('UPDATE users SET disabled_at = now() WHERE id = $1', [disabled.user.id]);
    expect(await statuses(reader, gone)).toEqual([404, 404]);
    expect(await statuses(reader, hidden)).toEqual([404, 404]);
    expect(await seen(reader, kept)).toEqual([
      [200, 'HIT'],
      [200, 'HIT'],
    ]);
    // Whoever comes back finds what was his.
    await system.query('UPDATE users SET disabled_at = NULL WHERE id = $1', [disabled.user.id]);
    expect(await statuses(reader, hidden)).toEqual([200, 200]);
  });

  it('D05 tells of no file whose row was deleted by hand, and of all others', async () => {
    const reader = await system.client('client');
    const [lost, kept] = [await cached(ops, reader), await cached(ops, reader)];
    await system.query('DELETE FROM files WHERE id = $1', [lost]);
    for (const who of [ops, reader]) expect(await statuses(who, lost)).toEqual([404, 404]);
    expect(await statuses(reader, kept)).toEqual([200, 200]);
  });
});

it('bundles and what is told of files leave nothing behind', async () => {
  await system.waitUntilSwept();
  for (const each of system.processes) each.assertNotCrashed();
});
