import { fromOwnPage } from './own-page';

const PUBLIC_URL = 'https://waybill.example/files';
const OWN = 'https://waybill.example';

describe('fromOwnPage', () => {
  it.each<[title: string, headers: Record<string, string>, own: boolean]>([
    ['its own page', { origin: OWN, 'sec-fetch-site': 'same-origin' }, true],
    ['its own form, which hides where it is', { origin: 'null', 'sec-fetch-site': 'same-origin' }, true],
    ['its own page, over plain HTTP', { origin: 'http://10.0.0.7:3000', host: '10.0.0.7:3000' }, true],
    ['its own page, behind a proxy', { origin: OWN, host: 'api:3000' }, true],
    ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, false],
    [
      'another host of the same site',
      { origin: 'https://app.waybill.example', 'sec-fetch-site': 'same-site' },
      false,
    ],
    ['another port', { origin: 'https://waybill.example:8443', 'sec-fetch-site': 'same-site' }, false],
    ['another scheme', { origin: 'http://waybill.example', 'sec-fetch-site': 'cross-site' }, false],
    ['a name that begins alike', { origin: 'https://waybill.example.evil.io' }, false],
    ['a sandboxed page', { origin: 'null', 'sec-fetch-site': 'cross-site' }, false],
    ['a sandboxed page, over plain HTTP', { origin: 'null' }, false],
    ['an address that was typed in', { 'sec-fetch-site': 'none' }, false],
    ['two that disagree', { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }, false],
    ['a program', {}, false],
    ['nonsense', { origin: '://' }, false],
  ])('of %s', (_title, headers, own) => {
    expect(fromOwnPage({ headers: { host: 'waybill.example', ...headers } }, PUBLIC_URL)).toBe(own);
  });
});
