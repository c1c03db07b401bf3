import { randomUUID } from 'node:crypto';
import { MailServer } from '../support/mail-server';
import { randomToken } from '@waybill/core/crypto';
import { largeDocument } from '../fixtures/documents';
import { share } from '../support/shares';
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

it('L06 nobody learns by a wrong password whether there is such a share', async () => {
  const ops = await system.client('ops');
  const { fileId } = await ops.uploadAndWait(Buffer.concat([...largeDocument(20_000)]));
  const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] };
  let tried: string[] = [];
  for (let sample = 0; sample < 60; sample++) {
    // Another one every five tries: ten close it.
    if (sample % 5 === 0)
      tried = [(await share(ops, fileId, { password: 'blue heron' })).token, randomToken(32)];
    const answers: unknown[] = [];
    for (const [index, kind] of (['known', 'unknown'] as const).entries()) {
      const began = performance.now();
      const answer = await anonymous.post(`/api/share/${tried[index]}/unlock`, {
        password: `wrong ${sample}`,
      });
      times[kind].push(performance.now() - began);
      answers.push([answer.status, { ...answer.body, requestId: null, instance: null }]);
    }
    expect(answers[1]).toEqual(answers[0]);
    expect((answers[0] as [number])[0]).toBe(401);
  }
  const [one, other] = [median(times.known), median(times.unknown)];
  expect(Math.abs(one - other) / Math.max(one, other)).toBeLessThan(0.1);
});
