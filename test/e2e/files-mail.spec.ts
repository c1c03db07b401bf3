import 'reflect-metadata';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MailPlanner, NotificationsWorkerModule } from '@waybill/features/notifications';
import { MailProcessor } from '@waybill/features/notifications/mail.processor';
import { ConfigModule } from '@waybill/platform/config';
import { DatabaseModule } from '@waybill/platform/database';
import { EventsModule, Sequencer } from '@waybill/platform/events';
import { KeyringModule } from '@waybill/platform/keyring';
import { ObjectsModule } from '@waybill/platform/objects';
import { QueueModule } from '@waybill/platform/queue';
import { GrantedFilesModule } from '../../apps/worker/granted-files.module';
import { FileSweeper } from '@waybill/features/files';
import { ApiApp } from '../support/api-app';
import { createPerson, part, patchFile, publishFile, type Person } from '../support/files';
import { MailServer } from '../support/mail-server';

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

let mails: MailServer;
let api: ApiApp;
let worker: INestApplicationContext;
let ops: Person;
let ada: Person;

beforeAll(async () => {
  mails = await MailServer.start();
  api = await ApiApp.start({ SMTP_URL: mails.url, PUBLIC_URL: 'https://waybill.example' });
  worker = await NestFactory.createApplicationContext(MailWorkerModule, { logger: false });
  ops = await createPerson(api, 'ops');
});
afterAll(async () => {
  await worker?.close();
  await api?.stop();
  await mails?.stop();
});
beforeEach(async () => {
  ada = await createPerson(api, 'client');
});

async function plan(): Promise<void> {
  await worker.get(Sequencer, { strict: false }).run();
  await worker.get(MailPlanner, { strict: false }).run();
}

async function deliver(to: Person = ada): Promise<string[]> {
  const rows = (): Promise<{ id: string; attempts: number; status: string }[]> =>
    api.query('SELECT id, attempts, status FROM mails WHERE recipient_id = $1 ORDER BY id', [to.userId]);
  for (const { id, attempts } of await rows()) {
    await worker.get(MailProcessor, { strict: false }).send({ mailId: id, attempt: attempts });
  }
  return (await rows()).map(({ status }) => status);
}

const grantedTo = (...recipients: string[]) => ({
  attributes: { visibility: 'restricted' as const, recipients },
});

it('a recipient with an account is told of a file, once', async () => {
  const name = '<b>offer</b>\r\nBcc: all@example.org.docx';
  const { id } = await publishFile(api, ops, { name, ...grantedTo(ada.email, 'nobody@example.org') });
  await plan();
  expect(await deliver()).toEqual(['sent']);
  const [mail] = await mails.to(ada.email);
  expect(mail!.subject).toBe('A file is available to you');
  expect(mail!.text).toContain('"<b>offer</b> Bcc: all@example.org.docx"');
  expect(mail!.html).toContain('&lt;b&gt;offer');
  expect(mail!.text).toContain(`https://waybill.example/api/files/${id}`);

  // Taken off and put back: he knows of the file.
  await patchFile(ops, id, { recipients: [] });
  await patchFile(ops, id, { recipients: [ada.email] });
  const another = await publishFile(api, ops, grantedTo());
  await patchFile(ops, another.id, { recipients: [ada.email] });
  await plan();
  expect(await deliver()).toEqual(['sent', 'sent']);
  expect((await mails.to(ada.email, 2))[1]!.text).toContain(another.id);
});

it('nobody is told of what he may not have any more', async () => {
  const files = [];
  for (let i = 0; i < 4; i++) files.push(await publishFile(api, ops, grantedTo(ada.email)));
  await plan();
  await patchFile(ops, files[0]!.id, { recipients: [] });
  await patchFile(ops, files[1]!.id, { visibility: 'private' });
  await ops.delete(`/api/files/${files[2]!.id}`);
  await api.query(`UPDATE files SET expires_at = now() - interval '1 s' WHERE id = $1`, [files[3]!.id]);
  expect(await deliver()).toEqual(Array(4).fill('dropped'));
});

it('an owner is warned a day before a file of his ends, unless it was moved or taken away meanwhile', async () => {
  const owner = await createPerson(api, 'ops');
  const near = async (): Promise<string> => {
    const expiresAt = new Date(Date.now() + 20 * 3_600_000).toISOString();
    const { id } = await publishFile(api, owner, { name: 'tender.docx', attributes: { expiresAt } });
    await api.query(`UPDATE files SET updated_at = now() - interval '9 days' WHERE id = $1`, [id]);
    return id;
  };
  const [kept, deleted, endless] = [await near(), await near(), await near()];
  await part(api, FileSweeper).run();
  await plan();
  await owner.delete(`/api/files/${deleted}`);
  await patchFile(owner, endless, { expiresAt: null });
  expect((await deliver(owner)).toSorted()).toEqual(['dropped', 'dropped', 'sent']);
  const [mail] = await mails.to(owner.email);
  expect(mail!.subject).toBe('A file of yours is about to expire');
  for (const text of ['"tender.docx"', 'UTC', `https://waybill.example/api/files/${kept}`]) {
    expect(mail!.text).toContain(text);
  }
});
