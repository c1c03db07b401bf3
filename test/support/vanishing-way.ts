import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * A way to a server whose machine can vanish: what is connected then hears nothing more, no end either, as when a host
 * loses its power or a firewall forgets its connections. Who connects anew finds the server, as after a failover.
 */
export class VanishingWay {
  private readonly carried = new Map<Socket, Socket>();
  private readonly silent = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    /** Where it begins: host and port. */
    readonly host: string,
  ) {}

  /** @param url where it leads. */
  static async to(url: string): Promise<VanishingWay> {
    const { hostname, port } = new URL(url);
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const way = new VanishingWay(server, `127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('connection', (caller) => way.carry(caller, connect(Number(port), hostname)));
    return way;
  }

  /** How many hear nothing any more, and do not know it. */
  get forsaken(): number {
    return this.silent.size;
  }

  /** The server's side of every connection ends; the callers are not told. */
  vanish(): void {
    for (const [caller, service] of this.carried) {
      caller.removeAllListeners('data').resume(); // What they send is taken, as by a system that has lost its program.
      this.silent.add(caller);
      service.destroy();
    }
    this.carried.clear();
  }

  async stop(): Promise<void> {
    for (const socket of [...this.carried.keys(), ...this.silent]) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private carry(caller: Socket, service: Socket): void {
    this.carried.set(caller, service);
    caller.on('data', (bytes) => service.write(bytes));
    service.on('data', (bytes) => caller.write(bytes));
    for (const socket of [caller, service]) socket.setNoDelay(true).on('error', () => undefined);
    caller.on('close', () => {
      this.carried.delete(caller);
      this.silent.delete(caller);
      service.destroy();
    });
    service.on('close', () => {
      if (this.carried.delete(caller)) caller.destroy();
    });
  }
}
