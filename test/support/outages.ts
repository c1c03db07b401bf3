import { setTimeout as delay } from 'node:timers/promises';
import { genuine } from '../fixtures/documents';
import { MailServer } from './mail-server';
import { OwnServices, TestSystem, waitFor, type ApiClient, type TestUser } from './system';
import { WebhookReceiver } from './webhook-receiver';

/** What a system tells others through, and may lose for a while. */
export type Dependency = 'SMTP' | 'the receiver' | 'Redis';

const FILES = 3;
/** How many things happen in an outage, at the most; a file has at most a hundred recipients. */
const HAPPENINGS = 60;
const PAUSE_MS = 250;

/** A whole system with somebody to mail to and somebody to call, each of whom can be away. */
export class OutageScene {
  private constructor(
    readonly system: TestSystem,
    private readonly services: OwnServices,
    readonly mails: MailServer,
    readonly receiver: WebhookReceiver,
    private readonly ops: ApiClient,
    private readonly admin: ApiClient,
    private readonly recipients: TestUser[],
    private readonly fileIds: string[],
  ) {}

  static async start(): Promise<OutageScene> {
    const [services, mails, receiver] = await Promise.all([
      OwnServices.start({ durable: false }),
      MailServer.start(),
      WebhookReceiver.start(),
    ]);
    const system = await TestSystem.start({
      services,
      env: {
        SMTP_URL: mails.url,
        WEBHOOK_ALLOW_HTTP: 'true',
        WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
        WEBHOOK_TIMEOUT_SECONDS: '2',
      },
    });
    const ops = await system.client('ops');
    const { body } = await ops.post('/api/webhooks', { url: receiver.url, events: ['*'] });
    receiver.secret = body.secret;
    const fileIds: string[] = [];
    for (let n = 0; n < FILES; n++) {
      const fields = { visibility: 'restricted' };
      fileIds.push((await ops.uploadAndWait(genuine('report.docx'), { fields })).fileId);
    }
    return new OutageScene(system, services, mails, receiver, ops, await system.client('admin'), [], fileIds);
  }

  async stop(): Promise<void> {
    await this.system.stop();
    await this.receiver.stop();
    await this.mails.stop();
    await this.services.stop();
  }

  /**
   * Takes one away for so long, while things happen of which both mails and webhooks tell: somebody new is made a recipient
   * of one file after the other.
   */
  async without(dependency: Dependency, milliseconds: number): Promise<void> {
    await this.happen(); // What is on its way when it goes is part of it.
    await this.take(dependency);
    const until = Date.now() + milliseconds;
    do {
      await this.happen();
      await delay(Math.max(PAUSE_MS, milliseconds / HAPPENINGS));
    } while (Date.now() < until);
    await this.give(dependency);
    await this.happen();
  }

  private async take(dependency: Dependency): Promise<void> {
    if (dependency === 'SMTP') await this.mails.interrupt();
    else if (dependency === 'Redis') await this.services.redis.kill9();
    else await this.receiver.interrupt();
  }

  private async give(dependency: Dependency): Promise<void> {
    if (dependency === 'SMTP') await this.mails.resume();
    else if (dependency === 'Redis') await this.services.redis.restart();
    else await this.receiver.resume();
  }

  private async happen(): Promise<void> {
    const user = await this.system.createUser('client');
    const turn = this.recipients.push(user) % FILES;
    const recipients = this.recipients.filter((_, n) => (n + 1) % FILES === turn).map(({ email }) => email);
    const { status } = await this.ops.request('PATCH', `/api/files/${this.fileIds[turn]}`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ recipients }),
    });
    if (status !== 200) throw new Error(`The file was not changed: ${status}`);
  }

  /** What has failed is due now. What is being sent is due as well, and may be sent once more: under its id. */
  private async hurry(): Promise<void> {
    await this.system.query(`UPDATE mails SET next_attempt_at = now() WHERE status = 'pending'`);
    await this.system.query(`UPDATE webhook_deliveries SET next_attempt_at = now() WHERE status = 'pending'`);
    await this.admin.request('PUT', '/api/admin/queues/api/queues/notifications/promote');
  }

  /** Resolves when nothing is owed to anybody; in a hurry, without waiting for the next try of what has failed. */
  async settled({ timeoutMs, hurry = false }: { timeoutMs: number; hurry?: boolean }): Promise<void> {
    await waitFor(
      'all to be told',
      async () => {
        if (hurry) await this.hurry();
        const [row] = await this.system.query(
          `SELECT (SELECT count(*)::int FROM event_outbox) AS unplaced,
             (SELECT count(*)::int FROM mails WHERE status = 'pending') AS mails,
             (SELECT count(*)::int FROM webhook_deliveries WHERE status = 'pending') AS deliveries,
             (SELECT bool_and(position = (SELECT max(position) FROM event_feed)) FROM event_cursors
              WHERE reader IN ('mail', 'webhook')) AS read`,
        );
        return row.unplaced + row.mails + row.deliveries === 0 && row.read;
      },
      { timeoutMs, everyMs: 1_000 },
    );
  }

  /** What was told, beside what there was to tell. */
  async account(): Promise<OutageAccount> {
    const mailed = this.mails.mails.map(({ messageId, recipients }) => ({ messageId, to: recipients[0]! }));
    const rows = await this.system.query(
      `SELECT event.id, event.subject_id AS "fileId" FROM event_feed feed JOIN events event ON event.id = feed.event_id
       JOIN webhooks ON webhooks.owner_id = event.owner_id
       WHERE event.type LIKE 'file.%' AND event.occurred_at > webhooks.created_at ORDER BY feed.position`,
    );
    return {
      mailed,
      addressees: this.recipients.map(({ email }) => email),
      called: this.receiver.messages
        .filter(({ type }) => type.startsWith('file.'))
        .map(({ id, genuine: signed, data }) => ({ id, genuine: signed, fileId: data.fileId as string })),
      events: rows,
    };
  }
}

export interface OutageAccount {
  mailed: { messageId: string | undefined; to: string }[];
  addressees: string[];
  called: { id: string; genuine: boolean; fileId: string }[];
  events: { id: string; fileId: string }[];
}

/** Nothing is lost, and what came twice came under the id that it had: for each file in its order. */
export function expectAllTold({ mailed, addressees, called, events }: OutageAccount): void {
  const idsTo = new Map<string, Set<string | undefined>>();
  for (const { to, messageId } of mailed) idsTo.set(to, (idsTo.get(to) ?? new Set()).add(messageId));
  expect([...idsTo.keys()].toSorted()).toEqual(addressees.toSorted());
  expect([...idsTo.values()].filter(({ size }) => size !== 1)).toEqual([]);

  expect(called.every(({ genuine: signed }) => signed)).toBe(true);
  for (const fileId of new Set(events.map((event) => event.fileId))) {
    const idsOf = (all: { id: string; fileId: string }[]): string[] => [
      ...new Set(all.filter((each) => each.fileId === fileId).map(({ id }) => id)),
    ];
    expect(idsOf(called)).toEqual(idsOf(events));
  }
}
