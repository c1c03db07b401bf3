import { confirmMail } from './confirm';

const FACTS = {
  fullName: 'Ada Lovelace',
  url: 'https://waybill.example/api/auth/confirm/abc',
  expiresAt: new Date('2026-11-21T14:03:20Z'),
};

describe('confirmMail', () => {
  it('says who, where, until when, and what if not', () => {
    const { text, html, link } = confirmMail(FACTS);
    expect(link).toBe(FACTS.url);
    for (const body of [text, html]) {
      expect(body).toContain('Hello Ada Lovelace,');
      expect(body).toContain(FACTS.url);
      expect(body).toContain('2026-11-21 14:03 UTC');
      expect(body).toMatch(/wasn(&#39;|')t you/);
    }
  });

  it('greets whoever gave no name', () =>
    expect(confirmMail({ ...FACTS, fullName: null }).text).toMatch(/^Hello,\n/));

  it.each([
    ['markup', '<img src=x onerror=alert(1)>', '<img'],
    ['a line break with a link', 'Ada\n\nhttps://evil.example', 'Ada\n\nhttps'],
    ['a bidi override', 'Ada\u202e', '\u202e'],
  ])('takes the harm out of a name with %s', (_name, fullName, harm) => {
    const { text, html } = confirmMail({ ...FACTS, fullName });
    expect(html).not.toContain(harm);
    if (harm !== '<img') expect(text).not.toContain(harm);
  });
});
