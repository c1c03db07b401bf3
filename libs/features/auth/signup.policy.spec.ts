import type { SignupPolicy } from '@waybill/platform/config';
import { maySignUp } from './signup.policy';

const DOMAINS: SignupPolicy = { kind: 'domains', domains: ['example.com', 'b.org'] };

describe('maySignUp', () => {
  it.each<[SignupPolicy, string, boolean]>([
    [{ kind: 'open' }, 'ada@anywhere.example', true],
    [{ kind: 'invite' }, 'ada@example.com', false],
    [DOMAINS, 'ada@example.com', true],
    [DOMAINS, 'ada@EXAMPLE.com', true],
    [DOMAINS, 'ada@b.org', true],
    [DOMAINS, 'ada@sub.example.com', false],
    [DOMAINS, 'ada@notexample.com', false],
    [DOMAINS, 'example.com@evil.example', false],
    [DOMAINS, 'ada@example.com.evil.example', false],
  ])('%j: %s → %s', (policy, email, allowed) => expect(maySignUp(policy, email)).toBe(allowed));
});
