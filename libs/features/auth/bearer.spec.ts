import type { IncomingMessage } from 'node:http';
import { bearerApiKey, bearerToken } from './bearer';

const TOKEN = 'AAAA.AAAA.AAAA';

function requestWith(...values: string[]): IncomingMessage {
  const headersDistinct = values.length === 0 ? {} : { authorization: values };
  return { headersDistinct } as unknown as IncomingMessage;
}

describe('bearerToken', () => {
  it.each([`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `BEARER ${TOKEN}`])('takes %s', (header) => {
    expect(bearerToken(requestWith(header))).toBe(TOKEN);
  });

  it.each([
    ['no header', []],
    ['two headers', [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`]],
    ['two credentials in one', [`Bearer ${TOKEN}, Bearer ${TOKEN}`]],
    ['another scheme', [`Basic ${TOKEN}`]],
    ['no scheme', [TOKEN]],
    ['no token', ['Bearer ']],
    ['a space behind', [`Bearer ${TOKEN} `]],
    ['a refresh token', ['Bearer wbr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']],
    ['standard base64', ['Bearer AAA+.AAAA.AAAA']],
  ])('refuses %s', (_name, values) => {
    expect(bearerToken(requestWith(...values))).toBeNull();
  });
});

describe('bearerApiKey', () => {
  const KEY = `wb_${'A'.repeat(43)}`;

  it('takes what has the form of one, and is no access token', () => {
    expect(bearerApiKey(requestWith(`Bearer ${KEY}`))).toBe(KEY);
    expect(bearerToken(requestWith(`Bearer ${KEY}`))).toBeNull();
    expect(bearerApiKey(requestWith(`Bearer ${TOKEN}`))).toBeNull();
  });

  it.each([
    ['no header', []],
    ['two headers', [`Bearer ${KEY}`, `Bearer ${KEY}`]],
    ['another scheme', [`Basic ${KEY}`]],
    ['no scheme', [KEY]],
    ['another prefix', [`Bearer wbr_${'A'.repeat(43)}`]],
    ['less', [`Bearer ${KEY.slice(0, -1)}`]],
    ['more', [`Bearer ${KEY}A`]],
    ['unused bits', [`Bearer ${KEY.slice(0, -1)}B`]],
  ])('refuses %s', (_name, values) => {
    expect(bearerApiKey(requestWith(...values))).toBeNull();
  });
});
