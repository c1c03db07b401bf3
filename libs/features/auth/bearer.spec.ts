import type { IncomingMessage } from 'node:http';
import { bearerToken } from './bearer';

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
