import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as it came: what it says, and whether it is from who it says. */
export interface ReceivedMessage {
  id: string;
  timestamp: number;
  genuine: boolean;
  type: string;
  data: Record<string, unknown>;
}

/** How a message is answered; null is not at all. */
type Answer = (message: ReceivedMessage, nth: number) => number | null;

/** A receiver of webhooks as integrators write it, by the text of Standard Webhooks 1.0. */
export class WebhookReceiver {
  readonly messages: ReceivedMessage[] = [];
  /** Shown when the webhook was made. */
  secret = '';
  answer: Answer = () => 204;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<WebhookReceiver> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const receiver = new WebhookReceiver(
      server,
      `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    );
    server.on('request', async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const status = receiver.receive(
        request.headers as Record<string, string>,
        Buffer.concat(chunks).toString(),
      );
      if (status !== null) response.writeHead(status).end();
    });
    return receiver;
  }

  private receive(headers: Record<string, string>, body: string): number | null {
    const {
      'webhook-id': id = '',
      'webhook-timestamp': timestamp = '',
      'webhook-signature': given = '',
    } = headers;
    const key = Buffer.from(this.secret.replace(/^whsec_/, ''), 'base64');
    const signature = `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
    const genuine =
      signature.length === given.length && timingSafeEqual(Buffer.from(signature), Buffer.from(given));
    const { type, data, id: eventId } = JSON.parse(body);
    const message = { id, timestamp: Number(timestamp), genuine: genuine && eventId === id, type, data };
    this.messages.push(message);
    return this.answer(message, this.messages.filter((each) => each.id === id).length);
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((done) => this.server.close(() => done()));
  }
}
