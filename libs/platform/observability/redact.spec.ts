import { redact } from './redact';

describe('R07 what is logged of a value', () => {
  it.each([
    'authorization',
    'Authorization',
    'proxy-authorization',
    'cookie',
    'Set-Cookie',
    'password',
    'currentPassword',
    'newPassword',
    'passphrase',
    'token',
    'refreshToken',
    'accessToken',
    'access_token',
    'ticket',
    'JWT_SECRET',
    'apiKey',
    'api_key',
    'privateKey',
    'dek',
    'kek',
    'credentials',
  ])('hides %s, wherever it stands', (name) => {
    const hidden = redact({ [name]: 'hunter2', list: [{ [name]: { deep: 'hunter2' } }] });
    expect(JSON.stringify(hidden)).not.toContain('hunter2');
  });

  it.each(['bytes', 'fileId', 'userId', 'objectKey', 'msg'])('keeps %s', (name) =>
    expect(redact({ [name]: 'x' })).toEqual({ [name]: 'x' }),
  );

  it('hides credentials inside a text', () => {
    expect(redact('got "Authorization: Bearer abc.def.ghi" from a client')).toBe(
      'got "Authorization: Bearer [redacted]" from a client',
    );
  });

  it('leaves out what drivers hang on their errors', () => {
    const error = Object.assign(new Error('duplicate key'), {
      code: '23505',
      query: 'INSERT INTO users …',
      parameters: ['hunter2'],
      cause: Object.assign(new Error('beneath'), { config: { headers: { authorization: 'hunter2' } } }),
    });
    const described = redact({ err: error });
    expect(described).toMatchObject({
      err: { type: 'Error', message: 'duplicate key', code: '23505', cause: { message: 'beneath' } },
    });
    expect(JSON.stringify(described)).not.toMatch(/hunter2|INSERT/);
  });

  it('has bounds', () => {
    const ring: Record<string, unknown> = { list: Array.from({ length: 10_000 }, () => 'x'.repeat(10_000)) };
    ring.self = ring;
    expect(JSON.stringify(redact(ring)).length).toBeLessThan(3_000_000);
    expect(redact({ bytes: Buffer.alloc(5) })).toEqual({ bytes: '[5 bytes]' });
    expect(redact({ n: 7n, at: new Date(0), none: null, bad: new Date(NaN) })).toEqual({
      n: '7',
      at: '1970-01-01T00:00:00.000Z',
      none: null,
      bad: null,
    });
  });
});
