import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { requireNode } from '../../scripts/lib/node-version.mjs';
import { Refusal, runMain, say } from '../../scripts/lib/say.mjs';
import { machine, rowText } from './harness/report.mjs';
import { verdict } from './harness/row.mjs';
import { Workbench } from './harness/workbench.mjs';

requireNode();

const ROWS = [
  'tus',
  'multipart',
  'small',
  'download',
  'sealing',
  'route',
  'control',
  'metadata',
  'calls',
  'live',
  'queue',
  'memory',
  'latency',
];
const DEADLINE_MINUTES = 30;

const HELP = `Usage: npm run bench -- [options]

Measures the product, built and whole, beside its peers in the same run, and prints a table.

  --rows <a,b>      which of ${ROWS.join(', ')} (default all)
  --size <MiB>      of the documents that are sent, sealed and fetched (default 512)
  --rounds <n>      how often each is measured; medians count (default 5)
  --patience <n>    how many times as many rounds may be run while others use the machine (default 3)
  --seconds <s>     how long a rate of requests is measured in each round (default 3)
  --directory <d>   where the bytes go; should be a disk (default the system's temporary directory)
  --json <file>     also write everything that was measured
  --check           exit with 1 when something that must be reached was not
  --help            this text

Peers: multer and express from the development dependencies; nginx and openssl where they are installed.
Needs Linux, and a machine that does nothing else.
`;

await runMain(async () => {
  const options = readOptions();
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (process.platform !== 'linux') throw new Refusal('The bench reads /proc and runs on Linux only.');
  const report = { machine: machine(), settings: options.settings, rows: /** @type {any[]} */ ([]) };
  const bench = new Workbench(options.settings);
  const stopped = new AbortController();
  const stop = (/** @type {string} */ why) => () => stopped.abort(new Refusal(why));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop(`Stopped by ${signal}`));
  const deadline = setTimeout(stop(`Not done in ${DEADLINE_MINUTES} minutes`), DEADLINE_MINUTES * 60_000);
  try {
    for (const name of options.rows) {
      const { title, measure } = await import(`./rows/${name}.mjs`);
      say(`Measuring: ${title}`);
      for (const row of await orAborted(measure(bench), stopped.signal)) {
        report.rows.push({
          ...row,
          goals: row.goals.map((goal) => ({ ...goal, verdict: verdict(goal) })),
        });
        process.stdout.write(`${rowText(row)}\n`);
      }
    }
  } finally {
    clearTimeout(deadline);
    await bench.end();
    if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  const missed = report.rows.flatMap(({ goals }) => goals).filter((goal) => goal.verdict === 'missed');
  return options.check && missed.length > 0 ? 1 : 0;
});

function readOptions() {
  const { values } = parse();
  const rows = values.rows.split(',');
  const unknown = rows.filter((name) => !ROWS.includes(name));
  if (unknown.length > 0)
    throw new Refusal(`There is no row ${unknown.join(', ')}; there are ${ROWS.join(', ')}.`);
  return {
    rows,
    json: values.json,
    check: values.check,
    help: values.help,
    settings: {
      sizeMiB: positive('size', values.size),
      rounds: positive('rounds', values.rounds),
      patience: positive('patience', values.patience),
      seconds: positive('seconds', values.seconds),
      directory: values.directory,
    },
  };
}

function parse() {
  try {
    return parseArgs({
      options: {
        rows: { type: 'string', default: ROWS.join(',') },
        size: { type: 'string', default: '512' },
        rounds: { type: 'string', default: '5' },
        patience: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '3' },
        directory: { type: 'string' },
        json: { type: 'string' },
        check: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new Refusal(`${/** @type {Error} */ (error).message}\n\n${HELP}`);
  }
}

/** @param {string} name @param {string} text */
function positive(name, text) {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0 && value <= 4_000) return value;
  throw new Refusal(`--${name} is ${text}; it must be a positive number.`);
}

/** @template T @param {Promise<T>} work @param {AbortSignal} signal @returns {Promise<T>} */
function orAborted(work, signal) {
  const aborted = new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
  return /** @type {Promise<T>} */ (Promise.race([work, aborted]));
}
