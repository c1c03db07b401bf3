import { requireNode } from './lib/node-version.mjs';

requireNode();

const HELP = `Usage: npm run fuzz -- [options]

Calls a system of its own with requests made from openapi.json, valid, nearly valid and hostile, and fails on every answer
that the document does not describe.

  --calls <n>       how many calls (20000)
  --seed <n>        makes the same requests again (a new one each time)
  --report <file>   where to write what was answered, and what was found, as JSON
  --help            this text
`;

async function main() {
  const { parseArgs } = await import('node:util');
  const { randomInt } = await import('node:crypto');
  const { resolve } = await import('node:path');
  const { Refusal, runMain } = await import('./lib/say.mjs');
  const { runTests } = await import('./lib/test-run.mjs');

  await runMain(async () => {
    const { help, calls, seed, report } = parseFlags();
    if (help) {
      process.stdout.write(HELP);
      return 0;
    }
    process.env.WAYBILL_FUZZ_CALLS = calls;
    process.env.WAYBILL_FUZZ_SEED = seed;
    if (report !== undefined) process.env.WAYBILL_FUZZ_REPORT = resolve(report);
    return runTests(['--selectProjects', 'acceptance', '--testPathPatterns', 'contract-fuzz']);
  });

  function parseFlags() {
    try {
      const { values } = parseArgs({
        options: {
          calls: { type: 'string', default: '20000' },
          seed: { type: 'string', default: String(randomInt(2 ** 31)) },
          report: { type: 'string' },
          help: { type: 'boolean', default: false },
        },
      });
      for (const name of /** @type {const} */ (['calls', 'seed'])) {
        if (!/^\d{1,9}$|^[12]\d{9}$/.test(values[name])) throw new Error(`--${name} must be a whole number.`);
      }
      return values;
    } catch (error) {
      throw new Refusal(`${/** @type {Error} */ (error).message}\n\n${HELP}`, { exitCode: 2 });
    }
  }
}

void main();
