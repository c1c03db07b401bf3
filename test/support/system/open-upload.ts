import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { ApiClient } from './api-client';

const BOUNDARY = 'waybill-open-upload';
const HEAD = Buffer.from(
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="document.docx"\r\n` +
    'Content-Type: application/octet-stream\r\n\r\n',
);
const TAIL = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);

/** A multipart upload whose bytes come when the test sends them. */
export class OpenUpload {
  readonly uploadId = randomUUID();
  /** The answer; rejects when the connection breaks before it. */
  readonly answered: Promise<{ status: number; body: any }>;
  private readonly request: ClientRequest;

  /** @param size of the file that is going to be sent, in bytes. */
  constructor(client: ApiClient, size: number, headers: Record<string, string> = {}) {
    this.request = request(`${client.baseUrl}/api/upload`, {
      method: 'POST',
      agent: false,
      headers: {
        authorization: `Bearer ${client.token}`,
        'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
        'content-length': HEAD.length + size + TAIL.length,
        'x-upload-id': this.uploadId,
        ...headers,
      },
    });
    this.answered = once(this.request, 'response').then(async ([response]: IncomingMessage[]) => {
      const text = (await buffer(response!)).toString('utf8');
      return { status: response!.statusCode!, body: text === '' ? null : JSON.parse(text) };
    });
    this.answered.catch(() => undefined);
    this.request.on('error', () => undefined);
    this.request.write(HEAD);
  }

  /** Sends some of the file; resolves when the operating system has taken it, or the connection is gone. */
  async send(bytes: Buffer): Promise<void> {
    await new Promise<void>((resolve) => this.request.write(bytes, () => resolve()));
  }

  /** Ends the form. */
  finish(): Promise<{ status: number; body: any }> {
    this.request.end(TAIL);
    return this.answered;
  }

  /** Breaks the connection. */
  abort(): void {
    this.request.destroy();
  }
}
