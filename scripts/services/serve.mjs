/**
 * Services for a parent process: forked with ServiceOptions as JSON in its argument, it says
 * `{ databaseUrl, redisUrl }` when they answer, and ends with them when the parent disconnects or dies.
 * `temporary: true` has the data directory removed at the end.
 */
import { rmSync } from 'node:fs';
import { runMain } from '../lib/say.mjs';
import { sayEvent } from '../lib/supervisor.mjs';
import { startServices } from './index.mjs';

await runMain(async () => {
  const gone = new Promise((resolve) => process.once('disconnect', () => resolve(undefined)));
  // Ctrl-C is for the parent, which then disconnects when it is done.
  process.on('SIGINT', () => {});
  const { temporary, ...options } = JSON.parse(process.argv[2]);
  const services = await startServices({ purpose: 'test services', ...options, onEvent: sayEvent });
  process.send?.({ databaseUrl: services.databaseUrl, redisUrl: services.redisUrl });
  if (process.connected) await gone;
  await services.stop();
  if (temporary) rmSync(options.dataDir, { recursive: true, force: true });
  return 0;
});
