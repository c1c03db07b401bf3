import { createServer } from 'node:net';

/**
 * Below what the kernel hands out by itself (32768 and up): between our look and the process that is to listen, no
 * connection of anybody can have taken the port. Each jest worker has a range of its own.
 */
const FIRST = 20_000;
const PER_WORKER = 1_500;
const WORKERS = 8;

const worker = Number(process.env.JEST_WORKER_ID ?? 1) % WORKERS;
let next = Math.floor(Math.random() * PER_WORKER);

/** A port of loopback that nobody listens on, and that is not handed out again soon. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PER_WORKER; tries++) {
    const port = FIRST + worker * PER_WORKER + (next++ % PER_WORKER);
    if (await isFree(port)) return port;
  }
  throw new Error('No port is free.');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
