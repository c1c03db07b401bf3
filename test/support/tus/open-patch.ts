import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { ApiClient } from '../system';

/** A PATCH whose bytes come when the test sends them. */
export class OpenPatch {
  /** The answer; rejects when the connection breaks before it. */
  readonly answered: Promise<{ status: number; headers: IncomingMessage['headers']; body: any }>;
  private readonly request: ClientRequest;
  private readonly closed: Promise<void>;

  /** @param length of the body; chunked where it is null. */
  constructor(
    client: ApiClient,
    path: string,
    offset: number,
    length: number | null,
    headers: Record<string, string> = {},
  ) {
    this.request = request(`${client.baseUrl}${path}`, {
      method: 'PATCH',
      agent: false,
      headers: {
        authorization: `Bearer ${client.token}`,
        'tus-resumable': '1.0.0',
        'content-type': 'application/offset+octet-stream',
        'upload-offset': String(offset),
        ...(length === null ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(length) }),
        ...headers,
      },
    });
    this.answered = once(this.request, 'response').then(async ([response]: IncomingMessage[]) => {
      const text = (await buffer(response!)).toString('utf8');
      const body: unknown = text === '' ? null : JSON.parse(text);
      return { status: response!.statusCode!, headers: response!.headers, body };
    });
    this.answered.catch(() => undefined);
    this.request.on('error', () => undefined);
    this.closed = new Promise((resolve) => this.request.once('close', resolve));
    this.request.flushHeaders();
  }

  /** Sends some bytes; resolves when the operating system has taken them, or the connection is gone. */
  async send(bytes: Buffer): Promise<void> {
    const taken = new Promise<void>((resolve) => this.request.write(bytes, () => resolve()));
    await Promise.race([taken, this.closed]);
  }

  finish(bytes?: Buffer): Promise<{ status: number; headers: IncomingMessage['headers']; body: any }> {
    this.request.end(bytes);
    return this.answered;
  }

  /** Breaks the connection. */
  abort(): void {
    this.request.destroy();
  }
}
