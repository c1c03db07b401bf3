import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import PostalMime from 'postal-mime';
import { FileMailer } from './file.mailer';

const MAIL = {
  to: 'ada@example.com',
  subject: 'Confirm your address',
  text: 'Open https://waybill.example/x',
  html: '<p>Open <a href="https://waybill.example/x">this</a></p>',
  messageId: '0190f0a0-0000-7000-8000-000000000001@waybill.example',
};

describe('FileMailer', () => {
  let directory: string;
  let mailer: FileMailer;

  beforeEach(async () => {
    Logger.overrideLogger(false);
    directory = join(await mkdtemp(join(tmpdir(), 'waybill-mail-')), 'mail');
    mailer = new FileMailer(directory, 'Waybill <waybill@example.com>');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function only(): Promise<{ path: string; raw: string }> {
    const names = await readdir(directory);
    expect(names).toHaveLength(1);
    const path = join(directory, names[0]!);
    return { path, raw: await readFile(path, 'utf8') };
  }

  it('writes a complete mail that only its owner can read', async () => {
    await mailer.send(MAIL);
    const { path, raw } = await only();
    expect(path).toMatch(/\.eml$/);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    const mail = await PostalMime.parse(raw);
    expect(mail.from?.address).toBe('waybill@example.com');
    expect(mail.to).toEqual([{ address: 'ada@example.com', name: '' }]);
    expect(mail.subject).toBe(MAIL.subject);
    expect(mail.messageId).toBe(`<${MAIL.messageId}>`);
    expect(mail.text?.trim()).toBe(MAIL.text);
    expect(mail.html?.trim()).toBe(MAIL.html);
  });

  it('replaces a mail that is sent again', async () => {
    await mailer.send(MAIL);
    await mailer.send(MAIL);
    await only();
  });

  it.each([
    ['a subject', { subject: 'Hello\r\nBcc: victim@example.com\r\n\r\nbody' }],
    ['a subject with a lone line feed', { subject: 'Hello\nBcc: victim@example.com' }],
    ['a recipient', { to: 'ada@example.com\r\nBcc: victim@example.com' }],
    ['a Message-ID', { messageId: 'x@y>\r\nBcc: victim@example.com\r\nX: <' }],
  ])('lets no header be added through %s', async (_name, hostile) => {
    await mailer.send({ ...MAIL, ...hostile });
    const { path, raw } = await only();
    expect(path.startsWith(`${directory}/`)).toBe(true);
    expect(raw.split('\r\n\r\n')[0]).not.toMatch(/^bcc:/im);
    expect((await PostalMime.parse(raw)).bcc ?? []).toEqual([]);
  });

  it('stays in its directory, whatever the id', async () => {
    await mailer.send({ ...MAIL, messageId: '../../etc/x@y' });
    await only();
  });
});
