import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** A caller of the API with nothing but Node: what the demo does, every client can. */
export class Api {
  /** @param {string} base the address of the API, ending in /api */
  constructor(base) {
    this.base = base;
    /** @type {string | null} */
    this.token = null;
  }

  /** @param {string} email @param {string} password */
  async login(email, password) {
    const { accessToken } = await this.call('POST', '/auth/login', { email, password });
    this.token = accessToken;
  }

  /**
   * Calls a route and answers its JSON.
   * @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<any>}
   */
  async call(method, path, body) {
    const response = await fetch(`${this.base}${path}`, {
      method,
      headers: {
        ...this.#authorization(),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  /**
   * Sends one document as a form, chunk by chunk.
   * @param {{ name: string, type: string, size: number, chunks: Iterable<Buffer> }} document
   * @param {(sent: number) => void} onSent @returns {Promise<any>} the receipt
   */
  async upload({ name, type, size, chunks }, onSent) {
    const boundary = `waybill-${randomUUID()}`;
    const head = Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: ${type}\r\n\r\n`,
    );
    const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
    const sending = request(`${this.base}/upload`, {
      method: 'POST',
      headers: {
        ...this.#authorization(),
        'content-type': `multipart/form-data; boundary=${boundary}`,
        'content-length': head.length + size + tail.length,
      },
    });
    const answered = once(sending, 'response');
    answered.catch(() => {}); // met below, when everything was sent
    sending.write(head);
    let sent = 0;
    for (const chunk of chunks) {
      if (!sending.write(chunk)) await Promise.race([once(sending, 'drain'), answered]);
      onSent((sent += chunk.length));
    }
    sending.end(tail);
    const [response] = await answered;
    const text = Buffer.concat(await response.toArray()).toString();
    if (response.statusCode !== 201)
      throw new Error(`The upload of ${name} answered ${response.statusCode}: ${text}`);
    return JSON.parse(text);
  }

  /** Waits until an upload is a file. @param {string} uploadId @param {(status: string) => void} [onStatus] */
  async untilCompleted(uploadId, onStatus) {
    for (const deadline = Date.now() + 120_000; ; await delay(40)) {
      const { status, failureCode } = await this.call('GET', `/upload/progress/${uploadId}`);
      onStatus?.(status);
      if (status === 'completed') return;
      if (failureCode || status === 'cancelled')
        throw new Error(`The upload ended as ${status} (${failureCode})`);
      if (Date.now() > deadline) throw new Error(`The upload is still ${status} after two minutes`);
    }
  }

  /**
   * Downloads from a link, without credentials: the link is enough.
   * @param {string} url @param {(received: number) => void} onReceived @returns {Promise<string>} SHA-256, in hex
   */
  async download(url, onReceived) {
    const response = await fetch(url);
    if (!response.ok || !response.body) throw new Error(`The download answered ${response.status}`);
    const hash = createHash('sha256');
    let received = 0;
    for await (const chunk of response.body) {
      hash.update(chunk);
      onReceived((received += chunk.length));
    }
    return hash.digest('hex');
  }

  /** @returns {Record<string, string>} */
  #authorization() {
    return this.token ? { authorization: `Bearer ${this.token}` } : {};
  }
}
