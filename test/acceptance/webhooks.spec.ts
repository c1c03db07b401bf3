import { TestSystem, waitFor, type ApiClient } from '../support/system';
import { WebhookReceiver } from '../support/webhook-receiver';
import { genuine } from '../fixtures/documents';

jest.setTimeout(120_000);

const EVENTS = 100;

let system: TestSystem;
let receiver: WebhookReceiver;
let ops: ApiClient;
let webhookId: string;
let fileIds: string[];

beforeAll(async () => {
  receiver = await WebhookReceiver.start();
  system = await TestSystem.start({
    workers: 1,
    env: {
      WEBHOOK_ALLOW_HTTP: 'true',
      WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
      WEBHOOK_RETRY_SCALE: '0.02',
    },
  });
  ops = await system.client('ops');
  const created = await ops.post('/api/webhooks', {
    url: receiver.url,
    events: ['file.updated', 'file.deleted'],
  });
  expect(created.status).toBe(201);
  webhookId = created.body.id;
  receiver.secret = created.body.secret;
  fileIds = [];
  for (let n = 0; n < 4; n++) fileIds.push((await ops.uploadAndWait(genuine('report.docx'))).fileId);
});
afterAll(async () => {
  await system?.stop();
  await receiver?.stop();
});
beforeEach(() => {
  receiver.messages.length = 0;
  receiver.answer = () => 204;
});

const change = async (id: string, title: string): Promise<void> => {
  const { status } = await ops.request('PATCH', `/api/files/${id}`, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title }),
  });
  expect(status).toBe(200);
};

/** What a dead worker had claimed comes free after half a minute; a test need not wait for that. */
const endClaims = (): Promise<unknown> =>
  system.query(`UPDATE webhook_deliveries SET next_attempt_at = now() WHERE status = 'pending'`);

/** Waits until the webhook is owed nothing. */
const settled = (): Promise<unknown> =>
  waitFor(
    'all to be delivered',
    async () => {
      const [row] = await system.query(
        `SELECT (SELECT count(*)::int FROM webhook_deliveries WHERE status = 'pending') AS pending,
           (SELECT count(*)::int FROM event_outbox) AS unplaced,
           (SELECT max(position) FROM event_feed) = (SELECT position FROM event_cursors WHERE reader = 'webhook') AS read`,
      );
      return row.pending === 0 && row.unplaced === 0 && row.read;
    },
    { timeoutMs: 90_000 },
  );

/** The ids of a file's events, in the order in which they happened. */
const happened = async (fileId: string): Promise<string[]> => {
  const rows = await system.query(
    `SELECT event.id FROM event_feed feed JOIN events event ON event.id = feed.event_id
     WHERE event.subject_id = $1 AND event.type = 'file.updated' ORDER BY feed.position`,
    [fileId],
  );
  return rows.map(({ id }: { id: string }) => id);
};

describe('J07', () => {
  it(`J07 ${EVENTS} events arrive signed and in order for each file, whatever the receiver does, and a killed worker`, async () => {
    receiver.answer = ({ id }, nth) => (nth === 1 && parseInt(id.slice(-1), 16) % 3 === 0 ? 500 : 204);
    for (let n = 0; n < EVENTS; n++) {
      await change(fileIds[n % fileIds.length]!, `title ${n}`);
      if (n === EVENTS / 2) {
        await system.workers[0]!.kill9();
        await endClaims();
        system.startWorker();
      }
    }
    await settled();
    for (const fileId of fileIds) {
      const events = await happened(fileId);
      const arrived = receiver.messages.filter(({ data }) => data.fileId === fileId).map(({ id }) => id);
      // The first arrival of each: repeated ones may come later.
      expect([...new Set(arrived)]).toEqual(events);
    }
    expect(receiver.messages.every(({ genuine: signed }) => signed)).toBe(true);
    const refused = receiver.messages.filter(({ id }) => parseInt(id.slice(-1), 16) % 3 === 0);
    expect(refused.length).toBeGreaterThan(0);
  });

  it('J07 a message that was sent and not acknowledged comes again under its id when the worker was killed', async () => {
    let killed = false;
    receiver.answer = () => (killed ? 204 : null);
    await change(fileIds[0]!, 'unanswered');
    await waitFor('the message', async () => receiver.messages.length > 0);
    await system.workers[0]!.kill9();
    killed = true;
    await endClaims();
    system.startWorker();
    await settled();
    expect(new Set(receiver.messages.map(({ id }) => id)).size).toBe(1);
    expect(receiver.messages.length).toBe(2);
    expect(receiver.messages.every(({ genuine: signed }) => signed)).toBe(true);
  });

  it('J07 deliveries are listed, a test can be sent, and anything be delivered once more', async () => {
    const test = await ops.post(`/api/webhooks/${webhookId}/test`);
    expect([test.status, test.body.type]).toEqual([202, 'webhook.test']);
    await settled();
    expect(receiver.messages).toMatchObject([{ type: 'webhook.test', genuine: true, data: { webhookId } }]);

    const { body } = await ops.get(`/api/webhooks/${webhookId}/deliveries?limit=5`);
    expect(body.items).toHaveLength(5);
    expect(body.items[0]).toMatchObject({
      id: test.body.id,
      status: 'delivered',
      attempts: 1,
      responseStatus: 204,
    });
    const again = await ops.post(`/api/webhooks/${webhookId}/deliveries/${test.body.id}/redeliver`);
    expect(again.status).toBe(202);
    await settled();
    expect(receiver.messages.map(({ id }) => id)).toEqual([test.body.eventId, test.body.eventId]);
  });

  it('J07 410 disables the webhook, and what it was still owed is not sent', async () => {
    receiver.answer = () => 410;
    await change(fileIds[0]!, 'gone');
    await settled();
    const { body } = await ops.get(`/api/webhooks/${webhookId}`);
    expect(body).toMatchObject({ enabled: false, disabledReason: 'gone' });
    await change(fileIds[0]!, 'nobody hears');
    await settled();
    expect(receiver.messages).toHaveLength(1);
    expect((await ops.post(`/api/webhooks/${webhookId}/test`)).status).toBe(409);

    receiver.answer = () => 204;
    const enabled = await ops.request('PATCH', `/api/webhooks/${webhookId}`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ enabled: true, events: ['*'] }),
    });
    expect(enabled.body).toMatchObject({ enabled: true, disabledReason: null, events: ['*'] });
    await ops.delete(`/api/files/${fileIds[3]}`);
    await settled();
    expect(receiver.messages.at(-1)).toMatchObject({ type: 'file.deleted', genuine: true });
  });

  it('J07 an owner who is ops no more is told nothing', async () => {
    const [{ id }] = await system.query('SELECT owner_id AS id FROM webhooks');
    await system.query(`UPDATE users SET role = 'client' WHERE id = $1`, [id]);
    await system.query(
      `WITH event AS (
         INSERT INTO events (id, type, owner_id, subject_id, data)
         VALUES (gen_random_uuid(), 'file.expired', $1::uuid, $2::uuid, jsonb_build_object('fileId', $2::uuid)) RETURNING id
       )
       INSERT INTO event_outbox (event_id) SELECT id FROM event`,
      [id, fileIds[0]],
    );
    await settled();
    expect(receiver.messages).toEqual([]);
  });
});
