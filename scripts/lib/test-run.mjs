import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServices } from '../services/index.mjs';
import { ensureBuilt } from './build.mjs';
import { runForeground } from './child.mjs';
import { readTextIfExists } from './files.mjs';
import { ensureInstalled } from './install.mjs';
import { ROOT } from './paths.mjs';
import { sayEvent } from './supervisor.mjs';

/**
 * Runs the tests with everything that they need, on a PostgreSQL and a Redis of their own.
 * @param {string[]} args for jest
 * @returns {Promise<number>} jest's exit code
 */
export async function runTests(args) {
  await ensureInstalled();
  await ensureBuilt(); // some tests start the product as an operator does
  const dataDir = mkdtempSync(join(tmpdir(), 'waybill-test-'));
  try {
    const services = await startServices({ dataDir, purpose: 'npm test', durable: false, onEvent: sayEvent });
    try {
      return await runJest(ownFirst(args), join(dataDir, 'results.json'), services);
    } finally {
      await services.stop();
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/**
 * `--selectProjects` takes every word that follows for the name of a project, and `--` makes jest take options for paths:
 * what a person adds behind `--` goes in front. @param {string[]} args
 */
function ownFirst(args) {
  const separator = args.indexOf('--');
  return separator === -1 ? args : [...args.slice(separator + 1), ...args.slice(0, separator)];
}

/** @param {string[]} args @param {string} resultsFile @param {import('../services/index.mjs').ServiceUrls} urls */
async function runJest(args, resultsFile, { databaseUrl, redisUrl }) {
  const jest = join(ROOT, 'node_modules/jest/bin/jest.js');
  const { code } = await runForeground(
    process.execPath,
    [jest, '--json', `--outputFile=${resultsFile}`, ...args],
    {
      cwd: ROOT,
      env: { ...process.env, WAYBILL_TEST_DATABASE_URL: databaseUrl, WAYBILL_TEST_REDIS_URL: redisUrl },
      stdio: ['inherit', 'ignore', 'inherit'], // what people read is on stderr; stdout repeats the results as JSON
    },
  );
  const text = readTextIfExists(resultsFile);
  if (text === null) return code || 1; // jest refused its arguments or its configuration, and has said why
  const results = JSON.parse(text);
  // A file that could not be run has no tests that could fail, and is a failure none the less.
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  process.stdout.write(`${results.numPassedTests} passed, ${failed} failed\n`);
  return code;
}
