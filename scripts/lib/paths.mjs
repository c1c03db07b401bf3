import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout: everything that is found rather than configured is found from here. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** What `nest build` makes and the launcher runs. */
export const ENTRY = {
  api: join(ROOT, 'dist/apps/api/main.js'),
  worker: join(ROOT, 'dist/apps/worker/main.js'),
  cli: join(ROOT, 'dist/apps/cli/main.js'),
};

/** The terminal client; nothing launches it but whoever types. */
export const TERMINAL_CLIENT = join(ROOT, 'dist/apps/waybill/main.js');

/** Locks of the checkout itself; `node_modules` and `dist` cannot hold them, since they are replaced. */
export const CACHE_DIR = join(ROOT, '.cache');
