import { randomUUID } from 'node:crypto';
import { MailServer } from '../support/mail-server';
import { TestSystem, type ApiClient } from '../support/system';

jest.setTimeout(120_000);

let system: TestSystem;
let mails: MailServer;
let anonymous: ApiClient;

beforeAll(async () => {
  mails = await MailServer.start();
  system = await TestSystem.start({ env: { SMTP_URL: mails.url } });
  anonymous = system.anonymous();
});
afterAll(async () => {
  await system?.stop();
  await mails.stop();
});

const newAddress = (): string => `ada-${randomUUID()}@example.com`;
const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

it.each([
  ['login', (email: string) => ({ email, password: 'wrong password' }), 401],
  ['password/forgot', (email: string) => ({ email }), 202],
  ['confirm/resend', (email: string) => ({ email }), 202],
])('A12 nobody learns at %s who has an account', async (route, body, status) => {
  const { email: known } = await system.createUser('client');
  const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] };
  const ask = async (kind: 'known' | 'unknown', email: string): Promise<unknown> => {
    const began = performance.now();
    const answer = await anonymous.post(`/api/auth/${route}`, body(email));
    times[kind].push(performance.now() - began);
    expect(answer.status).toBe(status);
    return answer.body && { ...answer.body, requestId: null };
  };
  for (let sample = 0; sample < 100; sample++) {
    // Both at once, by turns the one and the other first: neither finds another machine than the other.
    const both = [() => ask('known', known), () => ask('unknown', newAddress())];
    if (sample % 2 === 1) both.reverse();
    const [one, other] = await Promise.all(both.map((each) => each()));
    expect(one).toEqual(other);
  }
  const [one, other] = [median(times.known), median(times.unknown)];
  expect(Math.abs(one - other) / Math.max(one, other)).toBeLessThan(0.1);
});
