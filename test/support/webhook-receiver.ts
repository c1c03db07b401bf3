import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/** A message as it came: what it says, and whether it is from who it says. */
export interface ReceivedMessage {
  id: string;
  /** As its sender says, in seconds. */
  timestamp: number;
  /** By the clock of this process, in milliseconds. */
  receivedAt: number;
  genuine: boolean;
  type: string;
  data: Record<string, unknown>;
  body: string;
  headers: Record<string, string>;
}

/** How a message is answered: by a status, by nothing at all, or by a body that never ends. */
export type Answer = number | null | 'endless';

/** A receiver of webhooks as integrators write it, with the reference implementation of Standard Webhooks. */
export class WebhookReceiver {
  readonly messages: ReceivedMessage[] = [];
  /** Shown when the webhook was made. */
  secret = '';
  answer: (message: ReceivedMessage, nth: number) => Answer | Promise<Answer> = () => 204;

  private constructor(
    private readonly server: Server,
    private readonly port: number,
  ) {}

  static async start(): Promise<WebhookReceiver> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const receiver = new WebhookReceiver(server, (server.address() as AddressInfo).port);
    server.on('request', async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const headers = request.headers as Record<string, string>;
      const message = receiver.receive(headers, Buffer.concat(chunks).toString());
      const nth = receiver.messages.filter(({ id }) => id === message.id).length;
      give(response, await receiver.answer(message, nth));
    });
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  private receive(headers: Record<string, string>, body: string): ReceivedMessage {
    const { type, data, id: eventId } = JSON.parse(body);
    const message = {
      id: headers['webhook-id'] ?? '',
      timestamp: Number(headers['webhook-timestamp']),
      receivedAt: Date.now(),
      genuine: eventId === headers['webhook-id'] && this.verifies({ headers, body }),
      type,
      data,
      body,
      headers,
    };
    this.messages.push(message);
    return message;
  }

  /** Whether the secret, the time and the signature are right, as the reference implementation sees it now. */
  verifies({ headers, body }: Pick<ReceivedMessage, 'headers' | 'body'>): boolean {
    try {
      new Webhook(this.secret).verify(body, headers);
      return true;
    } catch {
      return false;
    }
  }

  /** Refuses every connection, and breaks those that there are. */
  async interrupt(): Promise<void> {
    const closed = new Promise((done) => this.server.close(done));
    this.server.closeAllConnections();
    await closed;
  }

  /** Is there again, at the same address. */
  async resume(): Promise<void> {
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async stop(): Promise<void> {
    if (this.server.listening) await this.interrupt();
  }
}

function give(response: ServerResponse, answer: Answer): void {
  if (answer === 'endless') response.writeHead(200).write('still');
  else if (answer !== null) response.writeHead(answer).end();
}
