import { mayConnectFrom } from './origins';

const ALLOWED = ['https://waybill.example', 'https://app.example:8443'];

describe('mayConnectFrom', () => {
  it.each<[string, string | undefined, boolean]>([
    ['a program, which sends none', undefined, true],
    ['its own page', 'https://api.internal:3000', true],
    ['the public address', 'https://waybill.example', true],
    ['a page that is allowed', 'https://app.example:8443', true],
    ['the same host on another port', 'https://app.example', false],
    ['the same host over plain HTTP', 'http://waybill.example', false],
    ['a name that begins alike', 'https://waybill.example.evil.example', false],
    ['another page', 'https://evil.example', false],
    ['a sandboxed page', 'null', false],
    ['nonsense', '://', false],
  ])('of %s', (_title, origin, allowed) => {
    expect(mayConnectFrom({ origin, host: 'api.internal:3000' }, ALLOWED)).toBe(allowed);
  });
});
