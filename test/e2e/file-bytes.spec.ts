import { type Role } from '@waybill/core/kernel';
import { randomBytes, sha256 } from '@waybill/core/crypto';
import { ObjectStores } from '@waybill/platform/storage';
import { DownloadLinks } from '../../libs/features/files/download-links';
import { ApiApp } from '../support/api-app';
import {
  comparable,
  createPerson,
  DOCX,
  eventsOf,
  part as partOf,
  publishFile,
  type FileToPublish,
  type Person,
  type PublishedFile,
} from '../support/files';
import { ApiClient } from '../support/system/api-client';
import { waitFor } from '../support/system/wait-for';

jest.setTimeout(60_000);

let api: ApiApp;
let ops: Person;
let otherOps: Person;
let client: Person;

beforeAll(async () => {
  api = await ApiApp.start();
  [ops, otherOps, client] = await Promise.all([person('ops'), person('ops'), person('client')]);
});
afterAll(() => api.stop());

function part<T>(token: abstract new (...args: never[]) => T): T {
  return partOf(api, token);
}
const person = (role: Role): Promise<Person> => createPerson(api, role);
const publish = (owner: Person, given?: FileToPublish): Promise<PublishedFile> =>
  publishFile(api, owner, given);
const events = (subject: string): Promise<string[]> => eventsOf(api, subject);

async function change(id: string, assignments: string, ...values: unknown[]): Promise<void> {
  await api.query(`UPDATE files SET ${assignments} WHERE id = $1`, [id, ...values]);
}

describe('bytes', () => {
  it('are what was sealed, for the owner and through a link', async () => {
    const { id, plaintext } = await publish(ops, { plaintext: randomBytes(2 * 1024 * 1024 + 7) });
    const content = await ops.get(`/api/files/${id}/content`);
    const link = await client.get(await client.downloadLink(id));
    for (const answer of [content, link]) {
      expect([answer.status, answer.bytes.equals(plaintext)]).toEqual([200, true]);
      const digest = sha256(plaintext);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'accept-ranges': 'bytes',
        'cache-control': 'private, no-store',
        'content-disposition': `attachment; filename="report.docx"; filename*=UTF-8''report.docx`,
        'content-length': String(plaintext.length),
        'content-security-policy': expect.stringMatching(/^sandbox; default-src 'none'; /),
        'content-type': DOCX,
        'cross-origin-resource-policy': 'same-origin',
        etag: `"${digest.toString('base64url')}"`,
        'referrer-policy': 'no-referrer',
        'repr-digest': `sha-256=:${digest.toString('base64')}:`,
        'x-content-type-options': 'nosniff',
      });
    }
  });

  it('L11 come in ranges, and HEAD has none', async () => {
    const { id, plaintext } = await publish(ops, { plaintext: randomBytes(3 * 1024 * 1024 + 1) });
    const path = `/api/files/${id}/content`;
    const range = await ops.get(path, { range: 'bytes=1048519-1048521' });
    expect([range.status, range.headers.get('content-range')]).toEqual([
      206,
      `bytes 1048519-1048521/${plaintext.length}`,
    ]);
    expect(range.bytes.equals(plaintext.subarray(1048519, 1048522))).toBe(true);
    const beyond = await ops.get(path, { range: `bytes=${plaintext.length}-` });
    expect(beyond).toMatchObject({ status: 416, body: { code: 'RANGE_NOT_SATISFIABLE' } });
    expect(beyond.headers.get('content-range')).toBe(`bytes */${plaintext.length}`);
    const head = await ops.request('HEAD', path, { headers: { range: 'bytes=0-1' } });
    expect([head.status, head.headers.get('content-length'), head.bytes.length]).toEqual([
      200,
      String(plaintext.length),
      0,
    ]);
    const known = await ops.get(path, { 'if-none-match': head.headers.get('etag')! });
    expect([known.status, known.bytes.length]).toEqual([304, 0]);
  });

  it.each([
    'a"; filename="evil.html',
    'line\r\nX-Injected: 1',
    '../../etc/passwd',
    'back\\slash.docx',
    'gpj.\u202Excod.docx',
    '\u2066x\u2069.docx',
    'semi;colon.docx',
    'perc%41ent.docx',
    '🦊.docx',
    'é'.repeat(120) + '.docx',
    'CON.docx',
    '.hidden',
  ])('L09 keep a hostile name (%j) in its one header', async (name) => {
    const { id } = await publish(ops, { name });
    const { status, headers } = await ops.get(`/api/files/${id}/content`);
    const disposition = headers.get('content-disposition')!;
    expect(status).toBe(200);
    expect(disposition).toMatch(/^attachment; filename="[^"\\/;%]+"; filename\*=UTF-8''[\w.!#$&+^`|~%-]+$/);
    const shown = decodeURIComponent(disposition.split("''")[1]!);
    expect(shown).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069/\\]|^\./u);
    expect(headers.get('x-injected')).toBeNull();
    expect((await ops.get(`/api/files/${id}`)).body.name).toBe(name);
  });

  it.each(['text/html', 'image/svg+xml', 'application/xhtml+xml', 'message/rfc822'])(
    'L10 of %s are octets',
    async (mediaType) => {
      const { id } = await publish(ops, { mediaType, plaintext: Buffer.from('<script>alert(1)</script>') });
      const path = await client.downloadLink(id);
      for (const query of ['', '?inline=1', '?preview']) {
        const { status, headers } = await client.get(path + query, { accept: 'text/html' });
        expect([status, headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
        expect(headers.get('content-disposition')).toMatch(/^attachment;/);
      }
    },
  );

  it('are announced when somebody else has got all of them', async () => {
    const { id } = await publish(ops);
    const link = await client.downloadLink(id);
    await ops.get(`/api/files/${id}/content`);
    await client.get(link, { range: 'bytes=0-10' });
    await client.request('HEAD', link);
    await client.get(link);
    const told = await waitFor('the announcement', async () => (await events(id)).length > 1 && events(id));
    expect(told).toEqual(['file.available', 'file.downloaded']);
    const [event] = await api.query(
      `SELECT actor_id, owner_id FROM events WHERE subject_id = $1 AND type = 'file.downloaded'`,
      [id],
    );
    expect(event).toEqual({ actor_id: client.userId, owner_id: ops.userId });
  });
});

describe('a download link', () => {
  it.each([0, -1, 86_401, 1.5, '60', [], {}])('does not live for %j seconds', async (expiresInSeconds) => {
    const { id } = await publish(ops);
    expect(await client.post(`/api/files/${id}/download-link`, { expiresInSeconds })).toMatchObject({
      status: 400,
    });
  });

  it('lives ten minutes, or as long as was asked', async () => {
    const { id } = await publish(ops);
    for (const [body, seconds] of [
      [undefined, 600],
      [{}, 600],
      [{ expiresInSeconds: 86_400 }, 86_400],
    ] as const) {
      const answer = await client.post(`/api/files/${id}/download-link`, body);
      expect(answer.status).toBe(201);
      expect(Object.keys(answer.body).sort()).toEqual(['downloadUrl', 'expiresAt']);
      const left = (Date.parse(answer.body.expiresAt) - Date.now()) / 1000;
      expect(left).toBeGreaterThan(seconds - 30);
      expect(left).toBeLessThanOrEqual(seconds);
    }
  });

  it('L01 is its own authority: nothing beside it counts', async () => {
    const [wanted, other] = [await publish(ops), await publish(ops)];
    const link = await client.downloadLink(wanted.id);
    const anonymous = new ApiClient(api.url);
    const answer = await anonymous.request('GET', `${link}?file=${other.id}&id=${other.id}`, {
      headers: { 'x-file-id': other.id },
    });
    expect(answer.bytes.equals(wanted.plaintext)).toBe(true);
  });

  it('L01 is unknown with the credential of another user, or changed', async () => {
    const { id } = await publish(ops);
    const link = await client.downloadLink(id);
    const nothing = comparable(await new ApiClient(api.url).get('/api/download/nothing'));
    expect(nothing).toMatchObject({ status: 404 });
    for (const caller of [ops, otherOps, await person('client')])
      expect(comparable(await caller.get(link))).toEqual(nothing);
    for (const changed of [`${link}A`, `${link}=`, link.slice(0, -1), `${link.slice(0, -1)}%20`]) {
      expect(comparable(await client.get(changed))).toEqual(nothing);
    }
    expect((await client.get(link)).status).toBe(200);
  });

  it('ends with its time', async () => {
    const { id } = await publish(ops);
    const { downloadUrl } = await part(DownloadLinks).issue({ fileId: id, userId: client.userId }, -1);
    expect(await client.get(new URL(downloadUrl).pathname)).toMatchObject({
      status: 410,
      body: { code: 'GONE' },
    });
  });

  it.each<[string, number, (file: string, user: string, owner: string) => Promise<unknown>]>([
    ['the file is hidden', 404, (file) => change(file, `visibility = 'private'`)],
    ['the file is deleted', 404, (file) => change(file, 'deleted_at = now()')],
    ['the file expires', 410, (file) => change(file, `expires_at = now() - interval '1 second'`)],
    [
      'the file was downloaded often enough',
      410,
      (file) => change(file, 'max_downloads = 1, download_count = 1'),
    ],
    [
      'the user is disabled',
      404,
      (_, user) => api.query('UPDATE users SET disabled_at = now() WHERE id = $1', [user]),
    ],
    ['the user is removed', 404, (_, user) => api.query('DELETE FROM users WHERE id = $1', [user])],
    [
      'the owner is disabled',
      404,
      (_, __, owner) => api.query('UPDATE users SET disabled_at = now() WHERE id = $1', [owner]),
    ],
  ])('L08 dies at once when %s', async (_, status, happen) => {
    const [owner, user] = [await person('ops'), await person('client')];
    const { id } = await publish(owner);
    const link = await user.downloadLink(id);
    const anonymous = new ApiClient(api.url);
    expect((await anonymous.get(link)).status).toBe(200);
    await happen(id, user.userId, owner.userId);
    expect((await anonymous.get(link)).status).toBe(status);
    expect((await anonymous.request('HEAD', link)).status).toBe(status);
  });
});

describe('damage', () => {
  async function overwrite(key: string, change: (bytes: Buffer) => Buffer): Promise<Buffer> {
    const store = part(ObjectStores).default;
    const reader = await store.open(key);
    const bytes = Buffer.alloc(reader.size);
    await reader.read(bytes, 0);
    await reader.close();
    await put(key, change(Buffer.from(bytes)));
    return bytes;
  }

  async function put(key: string, bytes: Buffer): Promise<void> {
    const store = part(ObjectStores).default;
    await store.delete(key);
    const writer = await store.create(key);
    await writer.write([bytes]);
    await writer.commit();
  }

  const flip = (at: number) => (bytes: Buffer) => {
    bytes[at < 0 ? bytes.length + at : at]! ^= 1;
    return bytes;
  };

  it('C02 at the beginning is told, remembered and announced', async () => {
    const { id, key } = await publish(ops);
    const link = await client.downloadLink(id);
    const sound = await overwrite(key, flip(100));
    const answer = await client.get(link);
    expect(answer).toMatchObject({ status: 500, body: { code: 'INTEGRITY_FAILURE' } });
    expect(answer.headers.get('content-disposition')).toBeNull();
    expect((await ops.get(`/api/files/${id}`)).body.status).toBe('corrupt');
    expect((await ops.get(`/api/files/${id}`)).headers.get('etag')).toBe('"r2"');
    expect(await events(id)).toEqual(['file.available', 'file.corrupt']);
    // Known damage is told without a look at the bytes.
    await put(key, sound);
    expect((await client.get(link)).status).toBe(500);
    expect((await ops.get(`/api/files/${id}/content`)).status).toBe(500);
    expect((await ops.request('HEAD', `/api/files/${id}/content`)).status).toBe(500);
    expect(await events(id)).toHaveLength(2);
  });

  it('C02 further on breaks the transfer', async () => {
    const { id, key } = await publish(ops, { plaintext: randomBytes(3 * 1024 * 1024) });
    await overwrite(key, flip(-1));
    await expect(ops.get(`/api/files/${id}/content`)).rejects.toThrow();
    await waitFor('the mark', async () => (await ops.get(`/api/files/${id}`)).body.status === 'corrupt');
  });

  it('C06 of exchanged keys or objects is found', async () => {
    const [a, b] = [await publish(ops), await publish(ops)];
    await api.query(
      `UPDATE files SET wrapped_dek = other.wrapped_dek FROM files other
       WHERE files.id = ANY($1) AND other.id = ANY($1) AND other.id <> files.id`,
      [[a.id, b.id]],
    );
    for (const { id } of [a, b]) {
      expect(await ops.get(`/api/files/${id}/content`)).toMatchObject({
        status: 500,
        body: { code: 'INTEGRITY_FAILURE' },
      });
      expect(await events(id)).toEqual(['file.available', 'file.corrupt']);
    }
  });

  it('of missing bytes is told, and forgiven when they come back', async () => {
    const { id, key, plaintext } = await publish(ops);
    const sound = await overwrite(key, (bytes) => bytes);
    await part(ObjectStores).default.delete(key);
    expect(await ops.get(`/api/files/${id}/content`)).toMatchObject({
      status: 500,
      body: { code: 'INTEGRITY_FAILURE' },
    });
    await put(key, sound);
    expect((await ops.get(`/api/files/${id}/content`)).bytes.equals(plaintext)).toBe(true);
  });

  it('is not what an absent key is', async () => {
    const { id } = await publish(ops);
    await change(id, `kek_id = 'retired'`);
    expect(await ops.get(`/api/files/${id}/content`)).toMatchObject({
      status: 503,
      body: { code: 'KEY_UNAVAILABLE' },
    });
    expect((await ops.get(`/api/files/${id}`)).body.status).toBe('available');
  });
});
