import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * A way to a service that a test can close: it lets so many bytes of the callers through, then holds what follows until
 * it is opened again. Breaking it resets every connection that is on it.
 */
export class NarrowWay {
  /** Bytes that callers have sent through it. */
  passed = 0;
  private end: string | null = null;
  private left = Infinity;
  private answers = Infinity;
  private waiting: (() => void)[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<NarrowWay> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const way = new NarrowWay(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('connection', (caller) => {
      const { hostname, port } = new URL(way.end!);
      way.carry(caller, connect(Number(port), hostname));
    });
    return way;
  }

  /** Its address can be told to the service before there is one. */
  leadTo(url: string): void {
    this.end = url;
  }

  /** Whether somebody waits for it to be opened. */
  get held(): boolean {
    return this.waiting.length > 0;
  }

  closeAfter(bytes: number): void {
    this.left = bytes;
  }

  /** Breaks everything once that many bytes of answers have come through. */
  breakAfterAnswers(bytes: number): void {
    this.answers = bytes;
  }

  open(): void {
    this.left = this.answers = Infinity;
    for (const goOn of this.waiting.splice(0)) goOn();
  }

  break(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
    this.open();
  }

  async stop(): Promise<void> {
    this.break();
    this.server.close();
    await once(this.server, 'close');
  }

  private carry(caller: Socket, service: Socket): void {
    for (const [socket, other] of [
      [caller, service],
      [service, caller],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    service.pipe(caller);
    service.on('data', (bytes: Buffer) => {
      this.answers -= bytes.length;
      if (this.answers < 0) this.break();
    });
    caller.on('data', (bytes: Buffer) => {
      caller.pause();
      void this.pass(bytes.length).then(() => {
        if (service.destroyed) return;
        service.write(bytes, () => caller.resume());
      });
    });
    caller.on('end', () => service.end());
  }

  private async pass(bytes: number): Promise<void> {
    while (this.left < bytes) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.left -= bytes;
    this.passed += bytes;
  }
}
