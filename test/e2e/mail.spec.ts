import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MailPlanner, MailReconciler, NotificationsWorkerModule } from '@waybill/features/notifications';
import { MailProcessor } from '@waybill/features/notifications/mail.processor';
import { ConfigModule } from '@waybill/platform/config';
import { DatabaseModule } from '@waybill/platform/database';
import { EventsModule, Sequencer } from '@waybill/platform/events';
import { KeyringModule } from '@waybill/platform/keyring';
import { QueueModule } from '@waybill/platform/queue';
import { ApiApp } from '../support/api-app';
import { linkIn, MailServer } from '../support/mail-server';
import { ApiClient } from '../support/system/api-client';

const PASSWORD = 'correct horse battery staple';

@Module({
  imports: [
    ConfigModule,
    DatabaseModule,
    EventsModule,
    KeyringModule,
    QueueModule.forProducers(),
    NotificationsWorkerModule,
  ],
})
class MailWorkerModule {}

describe('mail', () => {
  let mails: MailServer;
  let api: ApiApp;
  let client: ApiClient;
  let worker: INestApplicationContext;
  let processor: MailProcessor;

  beforeAll(async () => {
    mails = await MailServer.start();
    api = await ApiApp.start({ SMTP_URL: mails.url, PUBLIC_URL: 'https://waybill.example/' });
    client = new ApiClient(api.url);
    worker = await NestFactory.createApplicationContext(MailWorkerModule, { logger: false });
    processor = worker.get(MailProcessor, { strict: false });
  });
  afterAll(async () => {
    await worker.close();
    await api.stop();
    await mails.stop();
  });
  beforeEach(() => {
    mails.refusal = null;
  });

  async function signUp(fullName = 'Ada'): Promise<{ id: string; email: string }> {
    const email = `ada-${randomUUID()}@example.com`;
    const answer = await client.post('/api/auth/signup', { email, password: PASSWORD, fullName });
    expect(answer.status).toBe(201);
    return answer.body;
  }

  async function plan(): Promise<void> {
    await worker.get(Sequencer, { strict: false }).run();
    await worker.get(MailPlanner, { strict: false }).run();
  }

  const rowsOf = (userId: string) =>
    api.query('SELECT * FROM mails WHERE recipient_id = $1 ORDER BY id', [userId]);
  const deliver = async (userId: string): Promise<void> => {
    for (const { id, attempts } of await rowsOf(userId))
      await processor.send({ mailId: id, attempt: attempts });
  };

  it('brings the link, and names nobody but PUBLIC_URL, whatever the Host of the request', async () => {
    const email = `ada-${randomUUID()}@example.com`;
    const evil = { host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' };
    const { id } = (
      await client.post('/api/auth/signup', { email, password: PASSWORD, fullName: 'Ada' }, evil)
    ).body;
    await plan();
    await deliver(id);
    const [mail] = await mails.to(email);
    expect(mail!.subject).toBe('Confirm your e-mail address');
    expect(mail!.text).toContain('Hello Ada,');
    const link = linkIn(mail!);
    expect(link.origin).toBe('https://waybill.example');
    expect(JSON.stringify(mail)).not.toContain('evil');
    expect((await client.post(link.pathname)).status).toBe(200);
    expect((await rowsOf(id))[0]).toMatchObject({ status: 'sent', attempts: 1 });
  });

  it('loses nothing while the mail server is away, and repeats itself under the same Message-ID', async () => {
    const { id, email } = await signUp();
    await plan();
    mails.refusal = { code: 451, text: 'try again later' };
    await deliver(id);
    const [waiting] = await rowsOf(id);
    expect(waiting).toMatchObject({ status: 'pending', attempts: 1, sent_at: null });
    expect(waiting.next_attempt_at.getTime()).toBeGreaterThan(Date.now());

    // Not before its time, however many jobs come.
    await deliver(id);
    expect((await rowsOf(id))[0].attempts).toBe(1);

    mails.refusal = null;
    await api.query('UPDATE mails SET next_attempt_at = now() WHERE id = $1', [waiting.id]);
    expect(await worker.get(MailReconciler, { strict: false }).run()).toBeGreaterThan(0);
    await deliver(id);
    const [mail] = await mails.to(email);
    expect(mail!.messageId).toBe(`<${waiting.id}@waybill.example>`);
    expect((await rowsOf(id))[0]).toMatchObject({ status: 'sent', attempts: 2 });
  });

  it('sends once, however many workers have the job', async () => {
    const { id, email } = await signUp();
    await plan();
    await Promise.all(Array.from({ length: 6 }, () => deliver(id)));
    expect(await mails.to(email)).toHaveLength(1);
  });

  it('takes a mail up again whose sender died on the way', async () => {
    const { id, email } = await signUp();
    await plan();
    // As a claim stands that nobody has settled, when its lease has run out.
    await api.query('UPDATE mails SET attempts = 1, next_attempt_at = now() WHERE recipient_id = $1', [id]);
    await deliver(id);
    expect(await mails.to(email)).toHaveLength(1);
  });

  it('plans each mail once, also when planners race and the feed is read again', async () => {
    const { id } = await signUp();
    await Promise.all([plan(), plan(), plan()]);
    await api.query(`UPDATE event_cursors SET position = 0 WHERE reader = 'mail'`);
    await plan();
    expect(await rowsOf(id)).toHaveLength(1);
  });

  it('drops a mail whose link was replaced, and one whose reader is gone', async () => {
    const [replaced, gone] = [await signUp(), await signUp()];
    await client.post('/api/auth/confirm/resend', { email: replaced.email });
    await api.query('DELETE FROM users WHERE id = $1', [gone.id]);
    await plan();
    await deliver(replaced.id);
    await deliver(gone.id);
    expect((await rowsOf(replaced.id)).map(({ status }) => status).sort()).toEqual(['dropped', 'sent']);
    expect(await mails.to(replaced.email)).toHaveLength(1);
    expect((await rowsOf(gone.id)).map(({ status }) => status)).toEqual(['dropped']);
  });

  it('gives up after three days', async () => {
    const { id } = await signUp();
    await plan();
    mails.refusal = { code: 451, text: 'try again later' };
    await api.query(`UPDATE mails SET created_at = now() - interval '3 days' WHERE recipient_id = $1`, [id]);
    await deliver(id);
    expect((await rowsOf(id))[0]).toMatchObject({ status: 'failed', attempts: 1 });
  });

  it.each([
    ['markup', '<b onclick=x>Ada</b>'],
    ['a header', 'Ada\r\nBcc: victim@example.com'],
  ])('is not changed by a name with %s', async (_name, fullName) => {
    const { id, email } = await signUp(fullName);
    await plan();
    await deliver(id);
    const [mail] = await mails.to(email);
    expect(mail!.bcc ?? []).toEqual([]);
    expect(mail!.html).not.toContain('<b ');
    linkIn(mail!);
  });
});
