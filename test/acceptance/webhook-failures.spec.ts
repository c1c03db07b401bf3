import { setTimeout as delay } from 'node:timers/promises';
import { genuine } from '../fixtures/documents';
import { TestSystem, waitFor, type ApiClient } from '../support/system';
import { WebhookReceiver, type Answer, type ReceivedMessage } from '../support/webhook-receiver';

jest.setTimeout(60_000);

const TIMEOUT_SECONDS = 1;
/** The second pause is 6 s, a quarter more or less: long enough for two timestamps, which are in seconds. */
const RETRY_SCALE = 0.02;

let system: TestSystem;
let ops: ApiClient;
const receivers: WebhookReceiver[] = [];

beforeAll(async () => {
  system = await TestSystem.start({
    env: {
      WEBHOOK_ALLOW_HTTP: 'true',
      WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
      WEBHOOK_RETRY_SCALE: String(RETRY_SCALE),
      WEBHOOK_TIMEOUT_SECONDS: String(TIMEOUT_SECONDS),
    },
  });
  ops = await system.client('ops');
});
afterAll(async () => {
  await system?.stop();
  for (const receiver of receivers) await receiver.stop();
});

async function listener(answer: WebhookReceiver['answer']): Promise<WebhookReceiver & { webhookId: string }> {
  const receiver = await WebhookReceiver.start();
  receivers.push(receiver);
  receiver.answer = answer;
  const { body } = await ops.post('/api/webhooks', { url: receiver.url, events: ['file.available'] });
  receiver.secret = body.secret;
  return Object.assign(receiver, { webhookId: body.id as string });
}

const until =
  (failures: number, failure: Answer): WebhookReceiver['answer'] =>
  (_message, nth) =>
    nth <= failures ? failure : 204;

const slowly = async (): Promise<Answer> => {
  await delay(TIMEOUT_SECONDS * 500);
  return 204;
};

const pauses = (messages: ReceivedMessage[]): number[] =>
  messages.slice(1).map(({ receivedAt }, index) => receivedAt - messages[index]!.receivedAt);

describe('J07', () => {
  it('J07 who fails, hangs, dribbles or breaks off has the message again, under its id, freshly signed, later and later', async () => {
    const failing = {
      500: await listener(until(2, 500)),
      404: await listener(until(2, 404)),
      redirecting: await listener(until(2, 302)),
      silent: await listener(until(2, null)),
      dribbling: await listener(until(2, 'endless')),
    };
    const slow = await listener(slowly);
    const gone = await listener(() => 410);
    const away = await listener(() => 204);
    await away.interrupt();
    await ops.uploadAndWait(genuine('report.docx'));
    await waitFor('a try in vain', async () => {
      const { body } = await ops.get(`/api/webhooks/${away.webhookId}/deliveries`);
      return body.items[0]?.attempts > 0 && body.items[0].error !== null;
    });
    await away.resume();

    for (const [how, receiver] of Object.entries(failing)) {
      const messages = await waitFor(
        `the third message of ${how}`,
        async () => receiver.messages.length === 3 && receiver.messages,
      );
      expect([how, new Set(messages.map(({ id }) => id)).size]).toEqual([how, 1]);
      expect([how, new Set(messages.map(({ body }) => body)).size]).toEqual([how, 1]);
      expect([how, messages.map(({ genuine: signed }) => signed)]).toEqual([how, [true, true, true]]);
      const [first, second] = pauses(messages);
      expect(second!).toBeGreaterThan(first! * 1.5);
      expect(messages[2]!.timestamp).toBeGreaterThan(messages[0]!.timestamp);
    }
    await waitFor('who was away', async () => away.messages.length > 0);

    const all = [...Object.values(failing), slow, away];
    await waitFor('all to be settled', async () => {
      const rows = await system.query(`SELECT status FROM webhook_deliveries WHERE status = 'pending'`);
      return rows.length === 0;
    });
    for (const { webhookId, messages } of all) {
      const { body } = await ops.get(`/api/webhooks/${webhookId}/deliveries`);
      expect(body.items).toMatchObject([
        { status: 'delivered', responseStatus: 204, eventId: messages[0]!.id },
      ]);
    }
    expect(slow.messages).toHaveLength(1); // In time is in time.
    expect(gone.messages).toHaveLength(1);
    const { body } = await ops.get(`/api/webhooks/${gone.webhookId}`);
    expect(body).toMatchObject({ enabled: false, disabledReason: 'gone' });
    // One event, told to all of them under one id.
    expect(new Set([...all, gone].flatMap(({ messages }) => messages.map(({ id }) => id))).size).toBe(1);
  });

  it('J07 what was changed on the way, is another’s, or is played back later, is not believed', async () => {
    const receiver = await listener(() => 204);
    expect((await ops.post(`/api/webhooks/${receiver.webhookId}/test`)).status).toBe(202);
    const [message] = await waitFor(
      'the message',
      async () => receiver.messages.length > 0 && receiver.messages,
    );
    const { body, headers } = message!;
    expect(receiver.verifies({ body, headers })).toBe(true);
    const forged: [body: string, headers: Record<string, string>][] = [
      [body.replace('webhook.test', 'file.deleted'), headers],
      [body, { ...headers, 'webhook-id': 'another' }],
      [body, { ...headers, 'webhook-timestamp': String(message!.timestamp + 1) }],
      [body, { ...headers, 'webhook-signature': `v1,${'A'.repeat(43)}=` }],
    ];
    for (const [text, given] of forged) expect(receiver.verifies({ body: text, headers: given })).toBe(false);
    const later = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 6 * 60_000);
    expect(receiver.verifies({ body, headers })).toBe(false);
    later.mockRestore();
    // Delivered once more, it is as fresh as the first time, and known by its id.
    const { body: page } = await ops.get(`/api/webhooks/${receiver.webhookId}/deliveries`);
    await ops.post(`/api/webhooks/${receiver.webhookId}/deliveries/${page.items[0].id}/redeliver`);
    await waitFor('the same again', async () => receiver.messages.length === 2);
    expect(receiver.messages[1]).toMatchObject({ genuine: true, id: message!.id, body });
  });
});
