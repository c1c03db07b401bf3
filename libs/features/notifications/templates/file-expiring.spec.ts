import { fileExpiringMail } from './file-expiring';

const FACTS = {
  fullName: 'Ada Lovelace',
  fileName: 'offer.docx',
  expiresAt: new Date('2026-12-24T18:00:00Z'),
  url: 'https://waybill.example/api/files/1',
};

describe('fileExpiringMail', () => {
  it('says what, when and where', () => {
    const { text, html } = fileExpiringMail(FACTS);
    for (const body of [text, html]) {
      for (const fact of ['Ada Lovelace', 'offer.docx', '2026-12-24 18:00 UTC', FACTS.url])
        expect(body).toContain(fact);
    }
  });

  it('W02 takes the harm out of names', () => {
    const { subject, text, html } = fileExpiringMail({
      ...FACTS,
      fileName: '<img src=x>\r\nBcc: x@evil.example',
    });
    expect(html).not.toContain('<img');
    expect(text).not.toContain('\nBcc');
    expect(subject).toBe('A file of yours is about to expire');
  });
});
