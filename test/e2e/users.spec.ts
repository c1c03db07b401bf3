import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { sha256 } from '@waybill/core/crypto';
import { uuidv7 } from '@waybill/core/kernel';
import { CredentialSweeper } from '@waybill/features/auth';
import { DEFAULT_FILE_ATTRIBUTES, FileSweeper, StorageUsageService } from '@waybill/features/files';
import { Database } from '@waybill/platform/database';
import { Keyring } from '@waybill/platform/keyring';
import { ObjectRegistry } from '@waybill/platform/objects';
import { ObjectStores } from '@waybill/platform/storage';
import { publishSealed } from '../../libs/features/files/testing/publish';
import { seal } from '../../libs/features/files/testing/sealing';
import { Accounts, PASSWORD, type Person } from '../support/accounts';
import { ApiApp } from '../support/api-app';
import { ApiClient, type Answer } from '../support/system/api-client';
import { OpenUpload } from '../support/system/open-upload';
import { waitFor } from '../support/system/wait-for';

jest.setTimeout(60_000);

let api: ApiApp;
let accounts: Accounts;
let admin: Person;

beforeAll(async () => {
  // Leases are short, so that a transfer looks often whether its user may still upload.
  api = await ApiApp.start({ LEASE_SECONDS: '1', UPLOAD_PART_SECONDS: '0.2' });
  accounts = new Accounts(api);
  admin = await accounts.person('admin');
});
afterAll(() => api.stop());

function part<T>(token: abstract new (...args: never[]) => T): T {
  return api.app.get<T>(token as never, { strict: false });
}

const patch = (id: string, body: unknown, by: Person = admin): Promise<Answer> =>
  by.client.request('PATCH', `/api/users/${id}`, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const remove = (id: string, by: Person = admin) => by.client.delete(`/api/users/${id}`);

describe('who may administer', () => {
  it.each(['ops', 'client'] as const)('%s may not, and learns nothing by it', async (role) => {
    const person = await accounts.person(role);
    for (const id of [admin.id, person.id, randomUUID(), 'x']) {
      const answers = [
        await person.client.get(`/api/users/${id}`),
        await patch(id, { role: 'admin' }, person),
        await remove(id, person),
      ];
      expect(answers.map(({ status, body }) => [status, body.code])).toEqual(
        Array.from({ length: 3 }, () => [403, 'FORBIDDEN']),
      );
    }
    expect((await person.client.get('/api/users')).status).toBe(403);
    expect((await accounts.logIn(person.email)).client.token).not.toBeNull();
  });

  it('nobody without a credential', async () => {
    expect((await new ApiClient(api.url).get('/api/users')).status).toBe(401);
  });
});

describe('the list', () => {
  it('comes in pages, the newest first, each account once', async () => {
    const made = [];
    for (let nth = 0; nth < 5; nth++) made.push((await accounts.create('ops')).id);
    const seen: string[] = [];
    let path: string | null = '/api/users?role=ops&limit=2';
    while (path !== null) {
      const answer: Answer = await admin.client.get(path);
      expect(answer.status).toBe(200);
      seen.push(...answer.body.items.map(({ id }: { id: string }) => id));
      expect(new Set(answer.body.items.map(({ role }: { role: string }) => role))).toEqual(new Set(['ops']));
      const { nextCursor } = answer.body;
      path = nextCursor && `/api/users?role=ops&limit=2&cursor=${encodeURIComponent(nextCursor)}`;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.slice(0, 5)).toEqual(made.toReversed());
  });

  it('shows what an admin needs, and no secret', async () => {
    const { id, email } = await accounts.create();
    const answer = await admin.client.get(`/api/users/${id}`);
    expect(answer.body).toEqual({
      id,
      email,
      fullName: null,
      role: 'client',
      emailVerified: true,
      disabled: false,
      quotaBytes: null,
      usedBytes: 0,
      createdAt: expect.stringMatching(/Z$/),
    });
  });

  it.each(['role=root', 'limit=0', 'limit=101', 'cursor=x', 'x=1'])('refuses ?%s', async (query) => {
    expect((await admin.client.get(`/api/users?${query}`)).status).toBe(400);
  });

  it('takes no cursor of another list', async () => {
    const { body } = await admin.client.get('/api/users?limit=1');
    expect((await admin.client.get(`/api/users?role=ops&cursor=${body.nextCursor}`)).status).toBe(400);
  });
});

describe('changing an account', () => {
  it.each([
    ['a role that there is not', { role: 'root' }],
    ['no role', { role: null }],
    ['half a truth', { disabled: 'yes' }],
    ['no state', { disabled: null }],
    ['an empty name', { fullName: '' }],
    ['a negative quota', { quotaBytes: -1 }],
    ['a broken quota', { quotaBytes: 1.5 }],
    ['an address', { email: 'x@example.com' }],
    ['a password', { password: PASSWORD }],
  ])('refuses %s', async (_name, body) => {
    const { id } = await accounts.create();
    expect((await patch(id, body)).status).toBe(400);
  });

  it('leaves what is not named, and clears what is null', async () => {
    const { id } = await accounts.create();
    await patch(id, { fullName: 'Ada', quotaBytes: 5 });
    expect((await patch(id, {})).body).toMatchObject({ fullName: 'Ada', quotaBytes: 5, role: 'client' });
    expect((await patch(id, { fullName: null })).body).toMatchObject({ fullName: null, quotaBytes: 5 });
    expect((await patch(id, { quotaBytes: null })).body.quotaBytes).toBeNull();
    expect((await patch(randomUUID(), { fullName: 'Ada' })).status).toBe(404);
  });

  it('says what was changed, once, and nothing when nothing was', async () => {
    const { id } = await accounts.create();
    await patch(id, { role: 'ops', fullName: 'Ada' });
    await patch(id, { role: 'ops' });
    const rows = await api.query(
      `SELECT actor_id, data FROM events WHERE owner_id = $1 AND type = 'user.updated'`,
      [id],
    );
    expect(rows).toEqual([{ actor_id: admin.id, data: { userId: id, changes: ['role', 'fullName'] } }]);
  });

  it('counts with the next request', async () => {
    const person = await accounts.person('ops');
    const probe = () => person.client.post(`/api/upload/cancel/${randomUUID()}`);
    expect((await probe()).status).toBe(404);
    expect((await patch(person.id, { role: 'client' })).status).toBe(200);
    expect((await probe()).status).toBe(403);
    expect((await person.client.get('/api/auth/me')).body.role).toBe('client');
  });

  it('disabling ends sessions and links for good, and keeps the account out', async () => {
    const person = await accounts.person();
    await new ApiClient(api.url).post('/api/auth/password/forgot', { email: person.email });
    const token = (await accounts.link(person.id, 'password_reset'))!.pathname.split('/').at(-1);
    expect((await patch(person.id, { disabled: true })).body.disabled).toBe(true);
    expect(await accounts.status(person.client)).toBe(401);
    expect(await accounts.refreshes(person.refreshToken)).toBe(false);
    expect(await accounts.canLogIn(person.email)).toBe(false);

    expect((await patch(person.id, { disabled: false })).body.disabled).toBe(false);
    expect(await accounts.status(person.client)).toBe(401);
    expect(await accounts.refreshes(person.refreshToken)).toBe(false);
    const reset = await new ApiClient(api.url).post('/api/auth/password/reset', {
      token,
      password: 'another horse',
    });
    expect(reset.status).toBe(400);
    expect(await accounts.canLogIn(person.email)).toBe(true);
    expect(await accounts.events(person.id)).toEqual(
      expect.arrayContaining(['user.disabled', 'session.ended', 'user.enabled']),
    );
  });
});

describe('uploads that are running', () => {
  it.each([
    ['demoted', (id: string) => patch(id, { role: 'client' })],
    ['disabled', (id: string) => patch(id, { disabled: true })],
    ['deleted', (id: string) => remove(id)],
  ])('stop when their user is %s, and leave nothing', async (_how, change) => {
    const person = await accounts.person('ops');
    const upload = new OpenUpload(person.client, 2_000_000);
    await upload.send(Buffer.alloc(300_000, 'PK\x03\x04'));
    const offset = async (): Promise<number | undefined> =>
      (await api.query('SELECT offset_bytes::int AS n FROM uploads WHERE id = $1', [upload.uploadId]))[0]?.n;
    await waitFor('a part to be durable', async () => (await offset())! > 0);
    expect((await change(person.id)).status).toBeLessThan(300);
    const taken = await offset();

    // The sender goes on, and is told; whether it sends or not.
    const { status, body } = await upload.answered;
    expect([status, body.code]).toEqual([403, 'FORBIDDEN']);
    const [row] = await api.query('SELECT status, failure_code FROM uploads WHERE id = $1', [
      upload.uploadId,
    ]);
    expect(row).toEqual({ status: 'failed', failure_code: 'FORBIDDEN' });
    expect(await offset()).toBe(taken);
    const objects = await api.query(`SELECT 1 FROM objects WHERE key LIKE $1 AND state <> 'dead'`, [
      `staging/${upload.uploadId}/%`,
    ]);
    expect(objects).toEqual([]);
  });
});

describe('a quota of one’s own', () => {
  const charge = (userId: string, bytes: number) =>
    part(Database).transaction((tx) => part(StorageUsageService).charge(tx, userId, bytes, 100));

  it.each([
    ['greater than everybody’s', 1_000, 999, 2],
    ['smaller than everybody’s', 10, 9, 2],
    ['nothing', 0, 0, 1],
    ['everybody’s', null, 99, 2],
  ])('of %s holds', async (_name, quotaBytes, fits, tooMuch) => {
    const { id } = await accounts.create('ops');
    await patch(id, { quotaBytes });
    await charge(id, fits);
    await expect(charge(id, tooMuch)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    expect((await admin.client.get(`/api/users/${id}`)).body.usedBytes).toBe(fits);
  });

  it('stops an upload', async () => {
    const person = await accounts.person('ops');
    await patch(person.id, { quotaBytes: 100 });
    const document = await readFile(join(__dirname, '../fixtures/documents/report.docx'));
    expect((await person.client.upload(document)).body.code).toBe('QUOTA_EXCEEDED');
    await patch(person.id, { quotaBytes: null });
    expect((await person.client.upload(document)).status).toBe(201);
  });
});

describe('deleting an account', () => {
  /** A file as its sealing leaves it. */
  async function publish(ownerId: string): Promise<{ id: string; key: string; size: number }> {
    const id = uuidv7();
    const plaintext = Buffer.from(`a file of ${ownerId}`);
    const sealed = await seal(part(ObjectStores).default, part(Keyring), { id, plaintext });
    await part(ObjectRegistry).register(sealed.objectKey, sealed.driver, 60_000);
    await part(Database).transaction(async (tx) => {
      await publishSealed(part(Database), tx, {
        ...sealed,
        fileId: id,
        ownerId,
        name: 'a.txt',
        extension: 'txt',
        mediaType: 'text/plain',
        category: 'document',
        fileType: null,
        attributes: DEFAULT_FILE_ATTRIBUTES,
        sha256: sha256(plaintext),
      });
      await part(StorageUsageService).charge(tx, ownerId, plaintext.length, null);
    });
    return { id, key: sealed.objectKey, size: plaintext.length };
  }

  const fileRow = (id: string) =>
    api.query(
      `SELECT file.deleted_at IS NOT NULL AS deleted, wrapped_dek IS NULL AS shredded, object.state
       FROM files file LEFT JOIN objects object ON object.key = file.object_key WHERE id = $1`,
      [id],
    );

  it('takes credentials at once, frees the address, and leaves nothing of the person', async () => {
    const person = await accounts.person();
    await patch(person.id, { fullName: 'Ada Lovelace' });
    const answer = await remove(person.id);
    expect([answer.status, answer.bytes.length]).toEqual([204, 0]);
    expect(await accounts.status(person.client)).toBe(401);
    expect(await accounts.refreshes(person.refreshToken)).toBe(false);
    expect(await accounts.canLogIn(person.email)).toBe(false);
    expect((await admin.client.get(`/api/users/${person.id}`)).status).toBe(404);
    expect((await remove(person.id)).status).toBe(404);
    expect((await patch(person.id, { role: 'ops' })).status).toBe(404);
    const row = JSON.stringify(await api.query('SELECT * FROM users WHERE id = $1', [person.id]));
    expect(row).not.toMatch(new RegExp(`Ada|${person.email}|argon2`));
    expect((await accounts.create('client', person.email)).id).not.toBe(person.id);
  });

  it('D05 takes its files, and nobody else’s', async () => {
    const [leaver, other] = [await accounts.person('ops'), await accounts.person('ops')];
    const reader = await accounts.person('client');
    const [gone, kept] = [await publish(leaver.id), await publish(other.id)];
    const link = (await reader.client.downloadLink(gone.id)) as string;
    expect((await remove(leaver.id)).status).toBe(204);

    // Before any sweep, nobody sees or downloads it.
    expect((await reader.client.get(`/api/files/${gone.id}`)).status).toBe(404);
    expect((await reader.client.get(link)).status).toBe(404);
    const { items } = (await reader.client.get('/api/files?limit=100')).body;
    expect(items.map(({ id }: { id: string }) => id)).not.toContain(gone.id);

    await part(FileSweeper).run();
    expect(await fileRow(gone.id)).toEqual([{ deleted: true, shredded: true, state: 'dead' }]);
    expect(await fileRow(kept.id)).toEqual([{ deleted: false, shredded: false, state: 'live' }]);
    expect((await reader.client.get(`/api/files/${kept.id}`)).status).toBe(200);
    expect((await admin.client.get(`/api/users/${other.id}`)).body.usedBytes).toBe(kept.size);
  });

  it('D05 removes nothing of an owner who is disabled, or whose row is missing for another reason', async () => {
    const [disabled, missing] = [await accounts.create('ops'), await accounts.create('ops')];
    const files = [await publish(disabled.id), await publish(missing.id)];
    await patch(disabled.id, { disabled: true });
    await api.query('DELETE FROM users WHERE id = $1', [missing.id]);
    await part(FileSweeper).run();
    for (const { id } of files)
      expect(await fileRow(id)).toEqual([{ deleted: false, shredded: false, state: 'live' }]);
  });

  it('forgets the account when nothing is left that it owned', async () => {
    const leaver = await accounts.create('ops');
    const file = await publish(leaver.id);
    await remove(leaver.id);
    const rows = () => api.query('SELECT id FROM users WHERE id = $1', [leaver.id]);
    await part(CredentialSweeper).run();
    expect(await rows()).toHaveLength(1);

    // As it is a day after the sweep, when the object is gone from the store.
    await part(FileSweeper).run();
    await api.query('DELETE FROM objects WHERE key = $1', [file.key]);
    await api.query(`UPDATE files SET deleted_at = now() - interval '2 days' WHERE id = $1`, [file.id]);
    await part(FileSweeper).run();
    await part(CredentialSweeper).run();
    expect(await rows()).toEqual([]);
    expect(await api.query('SELECT 1 FROM storage_usage WHERE user_id = $1', [leaver.id])).toEqual([]);
  });
});

describe('conditions', () => {
  const patchIf = (id: string, etag: string, body: unknown): Promise<Answer> =>
    admin.client.request('PATCH', `/api/users/${id}`, {
      headers: { 'content-type': 'application/json', 'if-match': etag },
      body: JSON.stringify(body),
    });

  it('let a change happen to the account that was looked at, and to no other', async () => {
    const { id } = await accounts.person('client');
    const seen = await admin.client.get(`/api/users/${id}`);
    const etag = seen.headers.get('etag')!;
    expect((await admin.client.get(`/api/users/${id}`, { 'if-none-match': etag })).status).toBe(304);
    const changed = await patchIf(id, etag, { fullName: 'First' });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
    const late = await patchIf(id, etag, { fullName: 'Second' });
    expect([late.status, late.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
    expect((await admin.client.delete(`/api/users/${id}`, { 'if-match': etag })).status).toBe(412);
    const now = await admin.client.get(`/api/users/${id}`);
    expect(now.body.fullName).toBe('First');
    expect(now.headers.get('etag')).toBe(changed.headers.get('etag'));
    expect((await admin.client.delete(`/api/users/${id}`, { 'if-match': '*' })).status).toBe(204);
  });

  it('let one of two changes at once through', async () => {
    const { id } = await accounts.person('client');
    const etag = (await admin.client.get(`/api/users/${id}`)).headers.get('etag')!;
    const answers = await Promise.all(['a', 'b', 'c'].map((fullName) => patchIf(id, etag, { fullName })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
  });

  it('tell nobody of accounts who may not see them', async () => {
    expect((await patchIf(randomUUID(), '"x"', { fullName: 'x' })).status).toBe(404);
  });
});

describe('the last admin', () => {
  /** An installation with so many admins, who are all logged in. */
  async function withAdmins<T>(count: number, work: (people: Accounts, admins: Person[]) => Promise<T>) {
    const own = await ApiApp.start();
    try {
      const people = new Accounts(own);
      const admins = [];
      for (let nth = 0; nth < count; nth++) admins.push(await people.person('admin'));
      return await work(people, admins);
    } finally {
      await own.stop();
    }
  }

  it('can be neither demoted, disabled nor deleted', () =>
    withAdmins(1, async (people, [only]) => {
      const answers = [
        await patch(only!.id, { role: 'ops' }, only),
        await patch(only!.id, { disabled: true }, only),
        await remove(only!.id, only),
      ];
      for (const { status, body } of answers) expect([status, body.code]).toEqual([409, 'CONFLICT']);
      expect((await patch(only!.id, { fullName: 'Ada' }, only)).status).toBe(200);

      // A disabled one does not count.
      const other = await people.create('admin');
      await patch(other.id, { disabled: true }, only);
      expect((await remove(only!.id, only)).status).toBe(409);
      await patch(other.id, { disabled: false }, only);
      expect((await remove(only!.id, only)).status).toBe(204);
    }));

  it('is there, however many remove each other at the same moment', () =>
    withAdmins(4, async (_people, admins) => {
      const next = (index: number): string => admins[(index + 1) % admins.length]!.id;
      await Promise.all([
        ...admins.map((each, index) => patch(next(index), { role: 'client' }, each)),
        ...admins.map((each, index) => remove(next(index), each)),
        ...admins.map((each) => patch(each.id, { disabled: true }, each)),
      ]);
      const statuses = await Promise.all(
        admins.map(async ({ client }) => (await client.get('/api/users')).status),
      );
      expect(statuses).toContain(200);
    }));
});
