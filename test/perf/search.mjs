import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { requireNode } from '../../scripts/lib/node-version.mjs';
import { Refusal, runMain } from '../../scripts/lib/say.mjs';
import { quantile } from './harness/rounds.mjs';
import { drop, FILES_OF_AN_OWNER, prepare, settings } from './search/databases.mjs';
import { KINDS } from './search/kinds.mjs';
import { READER } from './search/load-files.mjs';
import { READERS } from './search/readers.mjs';
import { Statements } from './search/statements.mjs';
import { stopwatch } from './search/stopwatch.mjs';

requireNode();
const require = createRequire(import.meta.url);
require('reflect-metadata');

const HELP = `Usage: node test/perf/search.mjs --server postgres://… [options]

Loads files into databases of its own on that server and measures lists and searches there, as the product asks them.

  --server <url>     a PostgreSQL where databases may be made; nothing else is touched
  --files <a,b>      how many files (default 10000,1000000)
  --calls <n>        how often each kind of search is asked (default 60)
  --as <ops,client>  who asks (default both)
  --only <regex>     which kinds
  --wall             limits hold for the time until the answer is there, which needs a machine that does nothing else;
                     otherwise for the time that the database's process was running for it
  --parts            print how long the statements of each kind took, on average
  --plans            print the plan of the last statement of each kind
  --keep             leave the databases for the next run, which then need not load
  --help             this text

Two times are measured: that which the database's process was running, which needs the database on this machine, and
that until the answer was there, which other work on the machine makes longer.

Needs a build (npm run build). A thousand files of each owner; a million take some minutes and 2 GiB.
`;

const { values: options } = parseArgs({
  options: {
    server: { type: 'string' },
    files: { type: 'string', default: '10000,1000000' },
    calls: { type: 'string', default: '60' },
    as: { type: 'string', default: 'ops,client' },
    only: { type: 'string', default: '' },
    wall: { type: 'boolean', default: false },
    parts: { type: 'boolean', default: false },
    plans: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const PAGE = 20;

/** What the calls of each kind have cost. @typedef {Map<string, import('./search/stopwatch.mjs').Cost[]>} Figures */

await runMain(async () => {
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (options.server === undefined) throw new Refusal('Say where: --server postgres://…');
  const sizes = options.files.split(',').map(Number);
  if (sizes.some((files) => !Number.isInteger(files) || files < FILES_OF_AN_OWNER)) {
    throw new Refusal(`--files takes whole numbers from ${FILES_OF_AN_OWNER} on.`);
  }
  const who = options.as.split(',');
  if (who.some((role) => !(role in READERS))) throw new Refusal('--as takes ops, client or both.');
  /** @type {Map<number, Figures>} */
  const figures = new Map();
  for (const files of sizes) {
    const url = await prepare(options.server, files);
    figures.set(files, await measure(url, files, who));
    if (!options.keep) await drop(options.server, files);
  }
  return report(sizes, figures);
});

/** @param {string} url @param {number} files @param {string[]} who @returns {Promise<Figures>} */
async function measure(url, files, who) {
  const { DataSource } = require('typeorm');
  const { Database, dataSourceOptions } = require('../../dist/libs/platform/database');
  const { FileRepository } = require('../../dist/libs/features/files/file.repository');
  const { ReadableFiles } = require('../../dist/libs/features/files/readable-files');
  const { SearchRepository } = require('../../dist/libs/features/search/search.repository');
  const { SearchService } = require('../../dist/libs/features/search/search.service');
  const source = await new DataSource(dataSourceOptions(settings(url, 1))).initialize();
  const database = new Database(source);
  const repository = new FileRepository(database);
  const readable = new ReadableFiles(repository);
  const cursors = { encode: () => '', decode: () => [] };
  const clock = { now: () => new Date() };
  const search = new SearchService(new SearchRepository(database, readable), readable, cursors, clock);

  const [{ pid }] = await database.query('SELECT pg_backend_pid() AS pid');
  const statements = options.parts || options.plans ? new Statements(database, pid) : null;
  const kinds = KINDS.filter(({ title }) => new RegExp(options.only).test(title));
  const owners = files / FILES_OF_AN_OWNER;
  const calls = Number(options.calls);
  /** @type {Figures} */
  const figures = new Map();
  /** @type {Map<string, import('./search/statements.mjs').Asked[]>} */
  const asked = new Map();
  for (let n = -3; n < calls; n++) {
    for (const role of who) {
      const reader = READERS[role](Math.abs(n), owners);
      for (const { title, list, query } of kinds) {
        statements?.take();
        const read = stopwatch(pid);
        if (list) {
          const after = list.key === undefined ? null : { key: list.key, id: READER.userId };
          await repository.list(reader, { ...list, after, limit: PAGE + 1 }, clock.now());
        } else await search.page(reader, { limit: PAGE, ...query(Math.abs(n)) });
        const cost = read();
        // The first rounds bring the pages into memory and are not counted.
        if (n < 0) continue;
        const key = `${role}: ${title}`;
        figures.set(key, [...(figures.get(key) ?? []), cost]);
        if (statements) asked.set(key, [...(asked.get(key) ?? []), ...statements.take()]);
      }
    }
  }
  if (options.parts) printParts(asked, calls);
  if (options.plans) await printPlans(database, asked);
  await source.destroy();
  return figures;
}

/** @param {Map<string, import('./search/statements.mjs').Asked[]>} asked @param {number} calls */
function printParts(asked, calls) {
  for (const [key, statements] of asked) {
    const names = [...new Set(statements.map(({ name }) => name))];
    const parts = names.map((name) => {
      const some = statements.filter((statement) => statement.name === name);
      const mean = (/** @type {'cpu' | 'wall'} */ what) =>
        (some.reduce((sum, { cost }) => sum + cost[what], 0) / calls).toFixed(2);
      return `${name} ${mean('cpu')} (${mean('wall')}), ${(some.length / calls).toFixed(1)} of them`;
    });
    process.stdout.write(`${key}: ${parts.join('; ')}\n`);
  }
}

/** Of the last statement of each kind that looks for files, as the database carries it out. @param {any} database @param {Map<string, import('./search/statements.mjs').Asked[]>} asked */
async function printPlans(database, asked) {
  for (const [key, statements] of asked) {
    const last = statements.filter(({ sql }) => sql.startsWith('WITH') && sql.includes('matched')).at(-1);
    if (last === undefined) continue;
    const rows = await database.transaction(async (/** @type {unknown} */ tx) => {
      await database.query(
        `SELECT set_config('jit', 'off', true), set_config('random_page_cost', '1.1', true)`,
        [],
        tx,
      );
      return database.query(`EXPLAIN (ANALYZE, BUFFERS) ${last.sql}`, last.parameters, tx);
    });
    const plan = rows.map((/** @type {any} */ row) => row['QUERY PLAN']).join('\n');
    process.stdout.write(`\n## ${key}\n${plan}\n`);
  }
}

/** @param {number[]} sizes @param {Map<number, Figures>} figures */
function report(sizes, figures) {
  const [limited, first] = [options.wall ? 'wall' : 'cpu', figures.get(sizes[0])];
  const head = sizes.map((files) => `| ${files} files: running | until the answer `).join('');
  process.stdout.write(
    `Median, 95 of 100 (ms)\n| as, what ${head}| growth |\n| --- ${'| --- | --- '.repeat(sizes.length)}| --- |\n`,
  );
  let slow = 0;
  for (const key of first?.keys() ?? []) {
    const cells = sizes.map((files) => {
      const samples = figures.get(files)?.get(key) ?? [];
      const of = (/** @type {'cpu' | 'wall'} */ what, /** @type {number} */ part) =>
        quantile(
          samples.map((cost) => cost[what]),
          part,
        );
      return { cpu: [of('cpu', 0.5), of('cpu', 0.95)], wall: [of('wall', 0.5), of('wall', 0.95)] };
    });
    const limit = KINDS.find(({ title }) => key.endsWith(`: ${title}`))?.limit ?? 0;
    const late = cells.some((cell) => cell[limited][1] > limit);
    if (late) slow++;
    const written = (/** @type {number[]} */ times) => times.map((ms) => ms.toFixed(1)).join(', ');
    const row = cells.map(({ cpu, wall }) => `| ${written(cpu)} | ${written(wall)} `).join('');
    const growth = (cells.at(-1)[limited][0] / cells[0][limited][0]).toFixed(1);
    process.stdout.write(`| ${key} ${row}| ${growth}${late ? ` (limit ${limit} ms)` : ''} |\n`);
  }
  return slow > 0 ? 1 : 0;
}
