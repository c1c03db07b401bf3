import { once } from 'node:events';
import { LOOPBACK } from '../harness/raw-http.mjs';

/** Starts a server, or an express application, on a free port. @param {Pick<import('node:http').Server, 'listen'>} app */
export async function listening(app) {
  const server = app.listen(0, LOOPBACK);
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { started: { port } };
}
