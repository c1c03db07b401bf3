import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * Stands before several instances, as a bad network does: each connection goes to the next of them, and is reset after
 * as many bytes as the test says.
 */
export class UnreliableProxy {
  resets = 0;
  private connections = 0;
  private readonly open = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly instances: () => readonly string[],
    private readonly nextLimit: () => number,
  ) {
    server.on('connection', (socket) => this.forward(socket));
  }

  /** @param nextLimit how many bytes of its client the next connection passes on before it breaks. */
  static async start(
    instances: () => readonly string[],
    nextLimit: () => number = () => Infinity,
  ): Promise<UnreliableProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new UnreliableProxy(server, instances, nextLimit);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private forward(client: Socket): void {
    const urls = this.instances();
    const { hostname, port } = new URL(urls[this.connections++ % urls.length]!);
    const server = connect(Number(port), hostname);
    let left = this.nextLimit();
    const end = (): void => {
      client.resetAndDestroy();
      server.resetAndDestroy();
    };
    for (const socket of [client, server]) {
      this.open.add(socket);
      socket.on('error', end).on('close', () => {
        this.open.delete(socket);
        end();
      });
    }
    client.on('data', (chunk) => {
      const passed = chunk.subarray(0, left);
      left -= chunk.length;
      if (!server.write(passed)) {
        client.pause();
        server.once('drain', () => client.resume());
      }
      if (left > 0) return;
      this.resets += 1;
      // What was passed on arrives first, and then nothing more.
      client.destroy();
      server.end();
    });
    server.on('data', (chunk) => client.write(chunk)).on('end', () => client.end());
  }
}
