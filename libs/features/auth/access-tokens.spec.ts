import { JwtModule } from '@nestjs/jwt';
import { Test } from '@nestjs/testing';
import { uuidv7 } from '@waybill/core/kernel';
import type { AppConfig } from '@waybill/platform/config';
import { hasTokenForm } from './access-token.policy';
import { AccessTokens, jwtOptions, verificationOptions } from './access-tokens';
import { FORGERIES } from './testing/forgeries';

const config = {
  http: { publicUrl: 'https://waybill.example' },
  secrets: { jwt: 'jwt-7Qm2xV9tLw4Zr8Kc1Ny6Hb3Gd5Fs0Pa', link: 'unused' },
} as AppConfig;
const session = { sessionId: uuidv7(), userId: uuidv7() };

describe('AccessTokens', () => {
  let tokens: AccessTokens;
  let token: string;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [JwtModule.register(jwtOptions(config))],
      providers: [AccessTokens],
    }).compile();
    tokens = module.get(AccessTokens);
    token = await tokens.issue(session);
  });

  it('name the session that they were made for, and nothing that could change', async () => {
    expect(await tokens.verify(token)).toEqual(session);
    const [header, claims] = token
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>);
    expect(header).toEqual({ alg: 'HS256', typ: 'at+jwt' });
    expect(Object.keys(claims!).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub']);
    expect(claims).toMatchObject({ iss: 'https://waybill.example', aud: 'waybill:api', sub: session.userId });
    expect((claims!.exp as number) - (claims!.iat as number)).toBe(900);
  });

  // Other users and sessions are refused by the database, not by the token.
  const byRows = new Set(['another subject', 'another session']);
  it.each(FORGERIES.filter(([name]) => !byRows.has(name)))('A06 refuses %s', async (_name, forge) => {
    const { key } = verificationOptions(config);
    const forged = forge({ token, key, canary: 'https://evil.example' });
    expect(forged).not.toBe(token);
    expect(hasTokenForm(forged) ? await tokens.verify(forged) : null).toBeNull();
  });

  it('are worth nothing under another secret', async () => {
    const other = {
      ...config,
      secrets: { ...config.secrets, jwt: 'another-6Hb3Gd5Fs0PaQm2xV9tLw4Zr8Kc' },
    } as AppConfig;
    expect(verificationOptions(other).key.equals(verificationOptions(config).key)).toBe(false);
  });
});
