import { connect, type Socket } from 'node:net';
import { AnswerReader, type RawAnswer } from './answer-reader';

/** As a client that looks at what comes while it sends: it stops when it was answered. */
const CHUNK = 64 * 1024;

/** A connection on which every byte is the test's own. Nothing is corrected, and breaking it is no error. */
export class RawConnection {
  /** Resolves when nothing can come any more. */
  readonly closed: Promise<void>;
  private readonly reader = new AnswerReader();
  private isClosed = false;
  private wake: () => void = () => undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.reader.write(chunk);
      this.wake();
    });
    // A reset is one way to be refused; what came before it counts.
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isClosed = true;
        this.wake();
        resolve();
      });
    });
  }

  static open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawConnection(socket));
      });
    });
  }

  /** Resolves when the bytes are on their way, or when there is no use in sending the rest of them. */
  async send(bytes: string | Buffer): Promise<void> {
    const all = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    for (let at = 0; at < all.length && !this.isClosed && !this.reader.answered; at += CHUNK) {
      await new Promise((resolve) => this.socket.write(all.subarray(at, at + CHUNK), resolve));
    }
  }

  /** The next answer; null when the connection is closed without one. `head`: to a HEAD, which has no body. */
  async answer({ head = false } = {}): Promise<RawAnswer | null> {
    for (;;) {
      const found = this.reader.take(head, this.isClosed);
      if (found !== null || this.isClosed) return found;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  /** Says that no more will be sent (FIN), and goes on listening. */
  end(): void {
    this.socket.end();
  }

  /** Goes away without a word (RST). */
  reset(): void {
    this.socket.resetAndDestroy();
  }
}

/** One request on a connection of its own, and its answer. */
export async function rawRequest(
  url: string,
  head: string,
  body: string | Buffer = '',
): Promise<RawAnswer | null> {
  const connection = await RawConnection.open(url);
  await connection.send(head);
  await connection.send(body);
  const answer = await connection.answer({ head: head.startsWith('HEAD ') });
  connection.end();
  return answer;
}

/** The head of a request: its first line, and its headers exactly as they are given. */
export function requestHead(line: string, headers: [name: string, value: string][]): string {
  return `${line} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}
