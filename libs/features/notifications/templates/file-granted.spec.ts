import { fileGrantedMail } from './file-granted';

const FACTS = {
  fullName: 'Ada Lovelace',
  fileName: 'offer.docx',
  ownerName: 'Bea Shipper',
  url: 'https://waybill.example/api/files/1',
};

describe('fileGrantedMail', () => {
  it('says who, what and where', () => {
    const { text, html, link } = fileGrantedMail(FACTS);
    expect(link).toBe(FACTS.url);
    for (const body of [text, html]) {
      for (const fact of Object.values(FACTS)) expect(body).toContain(fact);
    }
  });

  it.each([null, '', '\u202e'])('names nobody for %j', (ownerName) =>
    expect(fileGrantedMail({ ...FACTS, ownerName }).text).toContain('Somebody made'),
  );

  it.each([
    ['markup', '<img src=x onerror=alert(1)>', '<img'],
    ['a line break with a link', 'a\r\n\r\nhttps://evil.example', '\nhttps://evil'],
    ['a bidi override', 'a\u202excod.docx', '\u202e'],
  ])('takes the harm out of names with %s', (_, name, harm) => {
    const { subject, text, html } = fileGrantedMail({ ...FACTS, fileName: name, ownerName: name });
    expect(html).not.toContain(harm);
    if (harm !== '<img') expect(text).not.toContain(harm);
    expect(subject).toBe('A file is available to you');
  });
});
