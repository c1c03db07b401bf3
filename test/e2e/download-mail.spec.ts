import 'reflect-metadata';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MailPlanner, NotificationsWorkerModule } from '@waybill/features/notifications';
import { MailProcessor } from '@waybill/features/notifications/mail.processor';
import { ConfigModule } from '@waybill/platform/config';
import { DatabaseModule, schemaDrift } from '@waybill/platform/database';
import { EventsModule, Sequencer } from '@waybill/platform/events';
import { KeyringModule } from '@waybill/platform/keyring';
import { ObjectsModule } from '@waybill/platform/objects';
import { QueueModule } from '@waybill/platform/queue';
import { GrantedFilesModule } from '../../apps/worker/granted-files.module';
import { ApiApp } from '../support/api-app';
import { createPerson, part, publishFile, type Person } from '../support/files';
import { DataSource } from 'typeorm';
import { MailServer } from '../support/mail-server';
import { waitFor } from '../support/system/wait-for';

jest.setTimeout(60_000);

@Module({
  imports: [
    ConfigModule,
    DatabaseModule,
    EventsModule,
    KeyringModule,
    ObjectsModule,
    QueueModule.forProducers(),
    NotificationsWorkerModule,
    GrantedFilesModule,
  ],
})
class MailWorkerModule {}

const JSON_TYPE = { 'content-type': 'application/json' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

let mails: MailServer;
let api: ApiApp;
let worker: INestApplicationContext;
let owner: Person;
let fileId: string;

beforeAll(async () => {
  mails = await MailServer.start();
  api = await ApiApp.start({ SMTP_URL: mails.url, PUBLIC_URL: 'https://waybill.example' });
  worker = await NestFactory.createApplicationContext(MailWorkerModule, { logger: false });
});
afterAll(async () => {
  await worker?.close();
  await api?.stop();
  await mails?.stop();
});
beforeEach(async () => {
  owner = await createPerson(api, 'ops');
  fileId = (await publishFile(api, owner, { name: '<b>offer</b>\r\nBcc: x@evil.example.docx' })).id;
  await api.query('DELETE FROM mails'); // Of other tests.
});

async function plan(): Promise<void> {
  await worker.get(Sequencer, { strict: false }).run();
  await worker.get(MailPlanner, { strict: false }).run();
}

/** As if all mails had been written so much longer ago. */
const pass = (interval: string): Promise<unknown> =>
  api.query(
    `UPDATE mails SET next_attempt_at = next_attempt_at - $1::interval, sent_at = sent_at - $1::interval`,
    [interval],
  );

interface MailRow {
  id: string;
  attempts: number;
  status: string;
  times: number;
}
const rows = (): Promise<MailRow[]> =>
  api.query(
    `SELECT id, attempts, status, times FROM mails WHERE template = 'file-downloaded' ORDER BY created_at, id`,
  );

async function send(): Promise<void> {
  for (const { id, attempts } of await rows())
    await worker.get(MailProcessor, { strict: false }).send({ mailId: id, attempt: attempts });
}

/** That so many deliveries came to their end. */
async function downloaded(times: number, type = 'file.downloaded', fileIds = [fileId]): Promise<void> {
  const fileName = 'offer.docx';
  const data =
    type === 'file.downloaded' ? { fileId, fileName } : { shareId: owner.userId, fileIds, fileName };
  await api.query(
    `WITH event AS (
       INSERT INTO events (id, type, owner_id, subject_id, data)
       SELECT gen_random_uuid(), $1, $2::uuid, $3::uuid, $4::jsonb FROM generate_series(1, $5::int) RETURNING id
     )
     INSERT INTO event_outbox (event_id) SELECT id FROM event`,
    [type, owner.userId, fileId, data, times],
  );
  await plan();
}

it('an owner is told when his file was downloaded, by an account and by a link, and not of his own downloads', async () => {
  const client = await createPerson(api, 'client');
  const link = await client.post(`/api/files/${fileId}/download-link`);
  const own = await owner.post(`/api/files/${fileId}/download-link`);
  const share = await owner.post(`/api/files/${fileId}/share`);
  const paths = [link.body.downloadUrl, own.body.downloadUrl, share.body.directUrl].map(
    (url) => new URL(url).pathname,
  );
  for (const path of paths) {
    expect((await fetch(api.url + path, { method: 'HEAD' })).status).toBe(200);
    await (await fetch(api.url + path)).arrayBuffer();
  }
  await waitFor('both events', async () => {
    const [{ n }] = await api.query(
      `SELECT count(*)::int AS n FROM events WHERE type LIKE '%.downloaded' AND owner_id = $1`,
      [owner.userId],
    );
    return n === 2;
  });
  await plan();
  await send();
  const [mail] = await mails.to(owner.email);
  expect(mail!.subject).toBe('Your file was downloaded 2 times');
  expect(mail!.text).toContain(`https://waybill.example/api/files/${fileId}`);
  expect(mail!.html).not.toContain('<b>');
  expect(mail!.headers.map(({ key }) => key)).not.toContain('bcc');
});

it('a thousand downloads are two mails an hour apart, and none of them is left out', async () => {
  await downloaded(1);
  await send();
  await downloaded(600);
  await downloaded(399, 'share.downloaded');
  await send(); // Not due yet.
  expect(await rows()).toMatchObject([
    { status: 'sent', times: 1 },
    { status: 'pending', times: 999, attempts: 0 },
  ]);
  await pass('59 minutes');
  await send();
  expect((await rows())[1]!.status).toBe('pending');
  await pass('2 minutes');
  await send();
  const received = await mails.to(owner.email, 2);
  expect(received.map(({ subject }) => subject)).toEqual([
    'Your file was downloaded',
    'Your file was downloaded 999 times',
  ]);
});

it('what comes while a mail is on its way is in the next one', async () => {
  await downloaded(2);
  mails.refusal = { code: 450, text: 'later' };
  await send(); // Begun, so that it says no more than it said.
  mails.refusal = null;
  await downloaded(3);
  expect((await rows()).map(({ times }) => times)).toEqual([2, 3]);
  await pass('2 hours');
  await send();
  const subjects = (await mails.to(owner.email, 2)).map(({ subject }) => subject);
  expect(subjects.toSorted()).toEqual([
    'Your file was downloaded 2 times',
    'Your file was downloaded 3 times',
  ]);
});

it('files that are shared together are told of together', async () => {
  await downloaded(2, 'share.downloaded', [fileId, owner.userId]);
  await send();
  const [mail] = await mails.to(owner.email);
  expect(mail!.text).toContain('https://waybill.example/api/shares/');
  expect(mail!.subject).toBe('Your file was downloaded 2 times');
});

describe('preferences', () => {
  const PREFERENCES = '/api/auth/me/preferences';
  const change = (mails: unknown) =>
    owner.request('PATCH', PREFERENCES, { headers: JSON_TYPE, body: JSON.stringify({ mails }) });
  const ALL = { fileAvailable: true, fileDownloaded: true, fileExpiring: true };

  it('mails can be switched off and on; what was planned before is not sent either', async () => {
    expect((await owner.get(PREFERENCES)).body).toEqual({ mails: ALL });
    await downloaded(1);
    expect((await change({ fileDownloaded: false })).body).toEqual({
      mails: { ...ALL, fileDownloaded: false },
    });
    await send();
    expect(await rows()).toMatchObject([{ status: 'dropped' }]);
    expect((await change({ fileDownloaded: true, fileExpiring: false })).body).toEqual({
      mails: { ...ALL, fileExpiring: false },
    });
    // Another's are his own.
    const other = await createPerson(api, 'ops');
    expect((await other.get(PREFERENCES)).body).toEqual({ mails: ALL });
  });

  it.each([
    [{ confirm: false }],
    [{ fileDownloaded: 'no' }],
    [{ fileDownloaded: null }],
    [null],
    ['off'],
    [[]],
  ])('not of what has no preference: %j', async (mails) => expect((await change(mails)).status).toBe(400));

  /** Switched off by a mail program, from the last mail that the owner has got: the status of the answer. */
  async function unsubscribed(): Promise<number> {
    const mail = (await mails.to(owner.email)).at(-1)!;
    const link = mail.headers.find(({ key }) => key === 'list-unsubscribe')!.value;
    const target = api.url + new URL(link.slice(1, -1)).pathname;
    const post = { method: 'POST', headers: FORM, body: 'List-Unsubscribe=One-Click' };
    return (await fetch(target, post)).status;
  }

  it('what an account wanted is forgotten when it is deleted, and no link of an old mail brings it back', async () => {
    await downloaded(1);
    await send();
    const neighbour = await createPerson(api, 'ops');
    for (const person of [owner, neighbour]) {
      const wish = JSON.stringify({ mails: { fileExpiring: false } });
      await person.request('PATCH', PREFERENCES, { headers: JSON_TYPE, body: wish });
    }
    expect(await unsubscribed()).toBe(200);
    const kept = async (userId: string): Promise<string[]> =>
      (await api.query('SELECT template FROM muted_mails WHERE user_id = $1 ORDER BY 1', [userId])).map(
        ({ template }: { template: string }) => template,
      );
    expect(await kept(owner.userId)).toEqual(['file-downloaded', 'file-expiring']);

    const admin = await createPerson(api, 'admin');
    expect((await admin.delete(`/api/users/${owner.userId}`)).status).toBe(204);
    await plan();
    expect(await kept(owner.userId)).toEqual([]);
    expect(await unsubscribed()).toBe(200); // As a link that was used before: it tells nobody who has an account.
    expect(await kept(owner.userId)).toEqual([]);
    expect(await kept(neighbour.userId)).toEqual(['file-expiring']);
  });

  it('one click in a mail program switches them off, a look does not', async () => {
    await downloaded(1);
    await send();
    const [mail] = await mails.to(owner.email);
    const header = (name: string): string => mail!.headers.find(({ key }) => key === name)!.value;
    expect(header('list-unsubscribe-post')).toBe('List-Unsubscribe=One-Click');
    const url = /^<(https:\/\/waybill\.example\/[^>]+)>$/.exec(header('list-unsubscribe'))![1]!;
    expect(mail!.text).toContain(url);
    expect(mail!.html).toContain(url);
    const target = api.url + new URL(url).pathname;
    for (const method of ['HEAD', 'GET', 'GET']) expect((await fetch(target, { method })).status).toBe(200);
    expect((await owner.get(PREFERENCES)).body.mails.fileDownloaded).toBe(true);
    const post = { method: 'POST', headers: FORM, body: 'List-Unsubscribe=One-Click' };
    expect((await fetch(target, post)).status).toBe(200);
    expect((await fetch(target, post)).status).toBe(200);
    expect((await owner.get(PREFERENCES)).body).toEqual({ mails: { ...ALL, fileDownloaded: false } });
    for (const wrong of [`${target.slice(0, -1)}_`, `${target}A`, `${api.url}/api/mails/unsubscribe/x`]) {
      expect((await fetch(wrong, post)).status).toBe(400);
    }
  });
});

it('the tables are what the entities say', async () => {
  const drift = await schemaDrift(part(api, DataSource));
  expect(drift.filter((statement) => /"(muted_)?mails/.test(statement))).toEqual([]);
});
