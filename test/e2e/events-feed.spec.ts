import { Sequencer } from '@waybill/platform/events';
import { ApiApp } from '../support/api-app';
import {
  createPerson,
  part,
  patchFile,
  publishFile,
  type FileToPublish,
  type Person,
} from '../support/files';
import type { Answer } from '../support/system/api-client';

jest.setTimeout(60_000);

let api: ApiApp;
let ops: Person;
let other: Person;
let client: Person;

beforeAll(async () => {
  api = await ApiApp.start();
  [ops, other, client] = await Promise.all([
    createPerson(api, 'ops'),
    createPerson(api, 'ops'),
    createPerson(api, 'client'),
  ]);
});
afterAll(() => api.stop());

const place = (): Promise<number> => part(api, Sequencer).run();
const feed = (who: Person, query = ''): Promise<Answer> => who.get(`/api/events${query}`);
const told = ({ body }: Answer): unknown[] =>
  body.items.map(({ type, data }: { type: string; data: { fileId: string } }) => [type, data.fileId]);

describe('the events feed', () => {
  it('tells everybody what happened to what is his, deletions included, and nothing else', async () => {
    const attributes: FileToPublish['attributes'] = { visibility: 'restricted', recipients: [client.email] };
    const { id } = await publishFile(api, ops, { attributes });
    const { id: foreign } = await publishFile(api, other);
    await patchFile(ops, id, { title: 'x' });
    expect((await ops.delete(`/api/files/${id}`)).status).toBe(204);
    await place();

    expect(told(await feed(ops))).toEqual([
      ['file.available', id],
      ['file.updated', id],
      ['file.deleted', id],
    ]);
    expect(told(await feed(other))).toEqual([['file.available', foreign]]);
    expect(told(await feed(client))).toEqual([['file.granted', id]]);
    const { body } = await feed(ops);
    expect(Object.keys(body.items[0]).sort()).toEqual(['data', 'id', 'occurredAt', 'type']);
    const [event] = await api.query(
      `SELECT id FROM events WHERE type = 'file.available' AND subject_id = $1`,
      [id],
    );
    expect(body.items[0].id).toBe(event.id);
  });

  it('goes on where it was left, page by page and days later', async () => {
    const first = await feed(ops, '?limit=2');
    expect(first.body.items).toHaveLength(2);
    expect(first.body.nextCursor).toBe(first.body.resumeCursor);
    expect(first.headers.get('link')).toContain('rel="next"');
    const last = await feed(ops, `?limit=2&cursor=${first.body.nextCursor}`);
    expect(last.body).toMatchObject({ nextCursor: null, resumeCursor: expect.any(String) });
    expect(last.body.items).toHaveLength(1);

    const later = `?cursor=${last.body.resumeCursor}`;
    const idle = await feed(ops, later);
    expect(idle.body).toEqual({ items: [], nextCursor: null, resumeCursor: last.body.resumeCursor });
    const { id } = await publishFile(api, ops);
    await place();
    expect(told(await feed(ops, later))).toEqual([['file.available', id]]);
  });

  it('refuses the cursor of somebody else', async () => {
    const { body } = await feed(other);
    expect((await feed(ops, `?cursor=${body.resumeCursor}`)).status).toBe(400);
  });
});
