import { maskPath } from './mask-path';

const TOKEN = 'Zk3vYp0aQ8s_w7LxN2uRfT5bHc1dJeGm';
const UUID = '0190f0a0-0000-7000-8000-0000000000ab';

describe('R07 the path in logs and answers', () => {
  it.each([
    [`/api/download/${TOKEN}`, '/api/download/:token'],
    [`/api/share/${TOKEN}`, '/api/share/:token'],
    [`/api/share/${TOKEN}/info`, '/api/share/:token/info'],
    [`/api/share/${TOKEN}/unlock`, '/api/share/:token/unlock'],
    [`/api/auth/confirm/${TOKEN}`, '/api/auth/confirm/:token'],
    [`/api/auth/password/reset/${TOKEN}`, '/api/auth/password/reset/:token'],
    [`/api/auth/invitations/${TOKEN}/accept`, '/api/auth/invitations/:token/accept'],
    [`/s/${TOKEN}`, '/s/:token'],
    [`/s/short`, '/s/:token'],
    [`/S/${TOKEN}`, '/S/:token'],
    [`/API/Share/x`, '/API/Share/:token'],
    [`//api//share//x`, '//api//share//:token'],
    [`/api/%73hare/x`, '/api/%73hare/:token'],
    [`/api/share/x/`, '/api/share/:token/'],
    [`http://host.example/api/share/x`, '/api/share/:token'],
    [`/api/share/x?ticket=${TOKEN}`, '/api/share/:token'],
    [`/api/share/x;y=${TOKEN}`, '/api/share/:token'],
    [`/prefix/api/share/${TOKEN}`, '/prefix/api/share/:redacted'],
    [`/nowhere/${TOKEN}`, '/nowhere/:redacted'],
    [`/nowhere/eyJhbGciOiJkaXIifQ..iv.ciphertext.tag`, '/nowhere/:redacted'],
    [`/api/share/${TOKEN}/${TOKEN}`, '/api/share/:token/:redacted'],
    [`/api/share/%E0%A4%A`, '/api/share/:token'],
  ])('of %s is %s', (url, masked) => {
    expect(maskPath(url)).toBe(masked);
    expect(maskPath(url)).not.toContain(TOKEN);
  });

  it.each([
    '/',
    '/api/files',
    `/api/files/${UUID}`,
    `/api/files/${UUID.toUpperCase()}/content`,
    '/api/auth/confirm/resend',
    '/api/auth/invitations',
    '/api/problems/idempotency-key-reused',
    '/api/docs/swagger-ui-standalone-preset.js',
    '/api/share',
    '/%',
  ])('leaves %s alone', (path) => expect(maskPath(path)).toBe(path));

  it.each(['?q=secret', '#secret'])('drops %s', (rest) =>
    expect(maskPath(`/api/files${rest}`)).toBe('/api/files'),
  );

  it.each([1, 2, 3])(
    'is the path of a URI also where it was cut, %i characters before the end of an escape',
    (into) => {
      const masked = maskPath(`${'/a'.repeat(250)}${'/'.repeat(into)}${'/%20'.repeat(100)}`);
      expect(masked).toMatch(/^\/a(?:[\w/.]|%[0-9A-F]{2})+$/);
    },
  );

  it('has a bound', () => expect(maskPath('/a'.repeat(10_000)).length).toBeLessThan(600));
});
