import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const PATH = '/api/notifications/?EIO=4&transport=websocket';
const TEXT = 0x1;
const CLOSE = 0x8;

export interface Handshake {
  path?: string;
  /** Replaces headers of a good handshake; null leaves one out. */
  headers?: Record<string, string | null>;
}

/** A WebSocket (RFC 6455) whose every byte is the test's own: no client library would send what is to be sent here. */
export class RawSocket {
  private received = Buffer.alloc(0);
  /** Set when nothing can come any more. */
  closed = false;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      // Whoever says goodbye waits half a minute for an answer; ours is to hang up.
      if (this.status === 101 && saysGoodbye(this.received)) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => (this.closed = true));
  }

  static async open(url: string, { path = PATH, headers = {} }: Handshake = {}): Promise<RawSocket> {
    const { hostname, port, host } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const raw = new RawSocket(socket);
    const good = {
      Host: host,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    };
    const lines = Object.entries<string | null>({ ...good, ...headers })
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}: ${value}`);
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    return raw;
  }

  /** Everything that came, as text; frames of a server are not masked. */
  get text(): string {
    return this.received.toString('latin1');
  }

  /** The status of the answer to the handshake; undefined while there is none. */
  get status(): number | undefined {
    const status = /^HTTP\/1\.1 (\d{3})/.exec(this.text)?.[1];
    return status === undefined ? undefined : Number(status);
  }

  /** One message, in one frame. */
  say(text: string | Buffer, opcode = TEXT): void {
    const payload = Buffer.from(text as string);
    this.write(Buffer.concat([frameHead(opcode, BigInt(payload.length)), payload]));
  }

  /** The head of a frame of any length, without what it promises. */
  promise(length: bigint): void {
    this.write(frameHead(TEXT, length));
  }

  write(bytes: Buffer | string): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  drop(): void {
    this.socket.destroy();
  }
}

/** Whether a server's frames (short ones, not masked) end with one that closes. */
function saysGoodbye(received: Buffer): boolean {
  let at = received.indexOf('\r\n\r\n') + 4;
  while (at >= 4 && at + 2 <= received.length) {
    if ((received[at]! & 0x0f) === CLOSE) return true;
    const length = received[at + 1]! & 0x7f;
    at += length < 126 ? 2 + length : 4 + received.readUInt16BE(at + 2);
  }
  return false;
}

/** Masked by zeros, which leaves the payload as it is. */
function frameHead(opcode: number, length: bigint): Buffer {
  const head = Buffer.alloc(14);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(length, 2);
  return head;
}
