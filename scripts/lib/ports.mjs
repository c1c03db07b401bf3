import { createServer } from 'node:net';
import { Refusal } from './say.mjs';

/** A TCP port of 127.0.0.1 that is free now. */
export async function freePort() {
  const server = createServer();
  await listen(server, 0, '127.0.0.1');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  await close(server);
  return port;
}

/** @param {number} port @param {string} host */
export async function isPortFree(port, host = '127.0.0.1') {
  const server = createServer();
  try {
    await listen(server, port, host);
  } catch {
    return false;
  }
  await close(server);
  return true;
}

/**
 * Refuses a port that somebody else listens on, before any work is done for nothing.
 * @param {number} port @param {string} host
 */
export async function requireFreePort(port, host) {
  const server = createServer();
  try {
    await listen(server, port, host);
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'EADDRINUSE')
      throw new Refusal(
        `Port ${port} is in use by another program. Set PORT to a free one: PORT=${port + 1} npm start`,
      );
    if (code === 'EACCES')
      throw new Refusal(`Port ${port} may not be used by this user. Set PORT to one above 1023.`);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new Refusal(`HOST is ${host}, which is no address of this machine.`);
    throw error;
  }
  await close(server);
}

/** @param {string | undefined} text @returns {number} */
export function parsePort(text) {
  if (!text?.trim()) return 3000;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new Refusal(`PORT is ${JSON.stringify(text)}; it must be a whole number from 1 to 65535.`);
}

/** @param {import('node:net').Server} server @param {number} port @param {string} host @returns {Promise<void>} */
function listen(server, port, host) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => resolve());
  });
}

/** @param {import('node:net').Server} server @returns {Promise<void>} */
const close = (server) => new Promise((resolve) => server.close(() => resolve()));
