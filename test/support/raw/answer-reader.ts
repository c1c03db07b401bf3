/** An answer as it stood on the wire. */
export interface RawAnswer {
  status: number;
  /** Status line and headers, one character a byte. */
  head: string;
  headers: [name: string, value: string][];
  /** The values of one header, in their order. */
  all(name: string): string[];
  body: Buffer;
  /** The body as JSON. */
  json(): any;
}

/** Takes the answers of a connection apart, one after the other (RFC 9112). */
export class AnswerReader {
  private buffer = Buffer.alloc(0);

  write(chunk: Buffer): void {
    this.buffer = Buffer.concat([this.buffer, chunk]);
  }

  /** Whether the head of an answer is here. */
  get answered(): boolean {
    return this.buffer.includes('\r\n\r\n');
  }

  /** @param over whether nothing more will come */
  take(withoutBody: boolean, over: boolean): RawAnswer | null {
    const end = this.buffer.indexOf('\r\n\r\n');
    if (end === -1) return null;
    const head = this.buffer.toString('latin1', 0, end);
    const [statusLine, ...lines] = head.split('\r\n');
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    const all = (name: string): string[] =>
      headers.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine!)?.[1]);
    if (Number.isNaN(status)) throw new Error(`No answer of HTTP: ${statusLine}`);

    const bodyless = withoutBody || status < 200 || status === 204 || status === 304;
    const body = bodyless ? { bytes: Buffer.alloc(0), next: end + 4 } : this.body(all, end + 4, over);
    if (body === null) return null;
    this.buffer = this.buffer.subarray(body.next);
    const { bytes } = body;
    return { status, head, headers, all, body: bytes, json: () => JSON.parse(bytes.toString('utf8')) };
  }

  private body(
    all: (name: string) => string[],
    start: number,
    over: boolean,
  ): { bytes: Buffer; next: number } | null {
    if (all('transfer-encoding').length > 0) return this.chunked(start);
    const length = all('content-length')[0];
    const next = length === undefined ? this.buffer.length : start + Number(length);
    const complete = length === undefined ? over : this.buffer.length >= next;
    return complete ? { bytes: this.buffer.subarray(start, next), next } : null;
  }

  private chunked(start: number): { bytes: Buffer; next: number } | null {
    const chunks: Buffer[] = [];
    for (let at = start; ;) {
      const lineEnd = this.buffer.indexOf('\r\n', at);
      if (lineEnd === -1) return null;
      const size = parseInt(this.buffer.toString('latin1', at, lineEnd), 16);
      const next = lineEnd + 2 + size + 2;
      if (this.buffer.length < next) return null;
      if (size === 0) return { bytes: Buffer.concat(chunks), next };
      chunks.push(this.buffer.subarray(lineEnd + 2, lineEnd + 2 + size));
      at = next;
    }
  }
}
