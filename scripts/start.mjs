import { requireNode } from './lib/node-version.mjs';

requireNode();

const HELP = `Usage: npm start -- [options]

Installs, builds, brings up PostgreSQL and Redis, migrates, and runs Waybill until Ctrl-C.

  --port <number>     where to listen (PORT, default 3000)
  --data-dir <path>   where everything is kept (DATA_DIR, default .data)
  --help              this text

DATABASE_URL and REDIS_URL name servers to use instead of the embedded ones.
All settings are in .env.example; a .env in this folder is read.
`;

/** npm passes a Ctrl-C on that the terminal has already delivered: only a later one is a second one. */
const SAME_SIGNAL_MS = 1_000;

/** The application's imports wait until the Node.js version is known to be able to read them. */
async function main() {
  const { parseArgs } = await import('node:util');
  const { Refusal, runMain, say } = await import('./lib/say.mjs');
  const { start } = await import('./lib/start.mjs');

  await runMain(() => {
    const { help, port, 'data-dir': dataDir } = parseFlags();
    if (help) {
      process.stdout.write(HELP);
      return Promise.resolve(0);
    }
    const stop = new AbortController();
    const force = new AbortController();
    let first = 0;
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
      process.on(signal, () => {
        first ||= Date.now();
        stop.abort();
        if (Date.now() - first < SAME_SIGNAL_MS) return;
        say('Stopping at once');
        force.abort();
      });
    }
    return start({ port, dataDir }, { stop: stop.signal, force: force.signal });
  });

  function parseFlags() {
    try {
      return parseArgs({
        options: { port: { type: 'string' }, 'data-dir': { type: 'string' }, help: { type: 'boolean' } },
      }).values;
    } catch (error) {
      throw new Refusal(`${/** @type {Error} */ (error).message}\n\n${HELP}`);
    }
  }
}

void main();
