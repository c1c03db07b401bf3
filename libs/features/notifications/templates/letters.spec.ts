import { invitationMail } from './invitation';
import type { MailText } from './mail-template';
import { resetMail } from './reset';

const url = 'https://waybill.example/api/auth/password/reset/abc';
const expiresAt = new Date('2026-11-21T14:03:20Z');

const LETTERS: [name: string, make: (writer: string | null) => MailText][] = [
  ['reset', (fullName) => resetMail({ fullName, url, expiresAt })],
  ['invitation', (inviter) => invitationMail({ inviter, role: 'ops', url, expiresAt })],
];

describe.each(LETTERS)('the letter of a %s', (_name, make) => {
  it('says who, where, until when, and what if not', () => {
    const { subject, text, html, link } = make('Ada Lovelace');
    expect(subject).toMatch(/^[\w ]+$/);
    expect(link).toBe(url);
    for (const body of [text, html]) {
      expect(body).toContain('Ada Lovelace');
      expect(body).toContain(url);
      expect(body).toContain('2026-11-21 14:03 UTC');
      expect(body).toContain('ignore this mail');
    }
  });

  it('does without a name', () => {
    for (const name of [null, '', '\u202e\r\n']) expect(make(name).text).toMatch(/^Hello,\n/);
  });

  it.each(['https://evil.example', 'win at evil.example', 'mail me@evil', 'evil/offer', 'www.evil.example'])(
    'W02 says no name that could pass for a link: %s',
    (name) => {
      const { text, html } = make(name);
      for (const body of [text, html]) expect(body).not.toContain('evil');
    },
  );

  it.each(['J. R. R. Tolkien', 'J.R.R. Tolkien', 'Jean-Luc O’Neill', '李明'])('says %s', (name) => {
    expect(make(name).text).toContain(name);
  });

  it.each([
    ['markup', '<img src=x onerror=alert(1)>', '<img'],
    ['a line break with a link', 'Ada\n\nhttps://evil.example', 'Ada\n\nhttps'],
    ['a header', 'Ada\r\nBcc: victim@example.com', '\nBcc'],
    ['a bidi override', 'Ada\u202e', '\u202e'],
  ])('W02 takes the harm out of a name with %s', (_what, name, harm) => {
    const { subject, text, html } = make(name);
    expect(html).not.toContain(harm);
    if (harm !== '<img') expect(text).not.toContain(harm);
    expect(subject).not.toMatch(/[\r\n]/);
  });
});
