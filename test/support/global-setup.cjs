const { fork } = require('node:child_process');
const { mkdtempSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

/**
 * PostgreSQL and Redis for tests that were started without `npm test`, which brings its own. They run in a process
 * of their own, which ends with this one, however it ends.
 */
module.exports = async () => {
  if (process.env.WAYBILL_TEST_DATABASE_URL && process.env.WAYBILL_TEST_REDIS_URL) return;
  const dataDir = mkdtempSync(join(tmpdir(), 'waybill-test-'));
  const options = JSON.stringify({ dataDir, durable: false, temporary: true });
  const services = fork(join(__dirname, '../../scripts/services/serve.mjs'), [options], { execArgv: [] });
  const urls = await new Promise((resolve, reject) => {
    services.once('message', resolve);
    services.once('exit', (code) => reject(new Error(`The test services ended with code ${code}`)));
  });
  process.env.WAYBILL_TEST_DATABASE_URL = urls.databaseUrl;
  process.env.WAYBILL_TEST_REDIS_URL = urls.redisUrl;
  services.unref();
  services.channel.unref();
  globalThis.__waybillTestServices = services;
};
