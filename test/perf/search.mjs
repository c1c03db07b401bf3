import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { requireNode } from '../../scripts/lib/node-version.mjs';
import { Refusal, runMain, say } from '../../scripts/lib/say.mjs';
import { quantile } from './harness/rounds.mjs';
import { KINDS } from './search/kinds.mjs';
import { loadFiles, ownerId, READER } from './search/load-files.mjs';

requireNode();
const require = createRequire(import.meta.url);
require('reflect-metadata');

const HELP = `Usage: node test/perf/search.mjs --server postgres://… [options]

Loads files into databases of its own on that server and measures lists and searches there, as the product asks them.

  --server <url>     a PostgreSQL where databases may be made; nothing else is touched
  --files <a,b>      how many files (default 10000,1000000)
  --calls <n>        how often each kind of search is asked (default 60)
  --wall             measure the time until the answer is there, which needs a machine that does nothing else; otherwise
                     the time that the database's process was running for it, which needs the database on this machine
  --plans            print the plan of the last statement of each kind
  --keep             leave the databases for the next run, which then need not load
  --help             this text

Needs a build (npm run build). A thousand files of each owner; a million take some minutes and 2 GiB.
`;

const { values: options } = parseArgs({
  options: {
    server: { type: 'string' },
    files: { type: 'string', default: '10000,1000000' },
    calls: { type: 'string', default: '60' },
    wall: { type: 'boolean', default: false },
    plans: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const FILES_OF_AN_OWNER = 1_000;
const PAGE = 20;

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
  /** @type {Map<number, Map<string, number[]>>} */
  const figures = new Map();
  for (const files of sizes) {
    const url = await prepare(options.server, files);
    figures.set(files, await measure(url, files));
    if (!options.keep) await drop(options.server, files);
  }
  return report(sizes, figures);
});

/** @param {number} files */
function databaseOf(files) {
  return `waybill_search_${files}`;
}

/** @param {string} server @param {string} name */
function urlOf(server, name) {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** A database with so many files. @param {string} server @param {number} files */
async function prepare(server, files) {
  const name = databaseOf(files);
  const url = urlOf(server, name);
  if (await there(server, name)) return url;
  // Under another name until it is complete.
  const draft = `${name}_draft`;
  await connected(server, async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${draft}`);
    await client.query(`CREATE DATABASE ${draft}`);
  });
  const { migrate } = require('../../dist/libs/platform/database');
  await migrate(settings(urlOf(server, draft)));
  const began = performance.now();
  await connected(urlOf(server, draft), (client) =>
    loadFiles(client, {
      files,
      owners: files / FILES_OF_AN_OWNER,
      onProgress: (done) => {
        if (done % 100_000 === 0) say(`${done} of ${files} files, ${seconds(began)} s`);
      },
    }),
  );
  say(`${files} files are loaded and indexed: ${seconds(began)} s`);
  await connected(server, (client) => client.query(`ALTER DATABASE ${draft} RENAME TO ${name}`));
  return url;
}

/** @param {string} server @param {number} files */
async function drop(server, files) {
  await connected(server, (client) => client.query(`DROP DATABASE ${databaseOf(files)} WITH (FORCE)`));
}

/** @param {number} began */
function seconds(began) {
  return Math.round((performance.now() - began) / 1000);
}

/** @param {string} server @param {string} name */
function there(server, name) {
  return connected(server, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    return rowCount === 1;
  });
}

/** What the database part of the product reads of its settings. @param {string} url @param {number} [poolSize] */
function settings(url, poolSize = 2) {
  return { database: { url, poolSize } };
}

/** @param {string} url @param {number} files */
async function measure(url, files) {
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
  const now = options.wall ? () => performance.now() : () => cpuMs(pid);
  /** @type {Map<string, number[]>} */
  const figures = new Map();
  const owners = files / FILES_OF_AN_OWNER;
  const calls = Number(options.calls);
  for (let n = -3; n < calls; n++) {
    const ops = {
      userId: ownerId(1 + ((Math.abs(n) * 7) % owners)),
      role: 'ops',
      email: 'x',
      emailVerified: true,
    };
    const client = { ...READER, role: 'client', emailVerified: true };
    for (const [who, reader] of /** @type {const} */ ([
      ['ops', ops],
      ['client', client],
    ])) {
      for (const { title, list, query } of KINDS) {
        const began = now();
        if (list) {
          const after = list.key === undefined ? null : { key: list.key, id: READER.userId };
          await repository.list(reader, { ...list, after, limit: PAGE + 1 }, clock.now());
        } else await search.page(reader, { limit: PAGE, ...query(Math.abs(n)) });
        const key = `${who}: ${title}`;
        // The first rounds bring the pages into memory and are not counted.
        if (n >= 0) figures.set(key, [...(figures.get(key) ?? []), now() - began]);
      }
    }
  }
  if (options.plans) await printPlans(database, search, owners);
  await source.destroy();
  return figures;
}

/** How long a process has been running, in ms, to the nanosecond. @param {number} pid */
function cpuMs(pid) {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

/** Of the last statement of each kind, as the database carries it out. @param {any} database @param {any} search @param {number} owners */
async function printPlans(database, search, owners) {
  /** @type {[string, unknown[]][]} */
  let asked = [];
  const query = database.query.bind(database);
  database.query = (
    /** @type {string} */ sql,
    /** @type {unknown[]} */ parameters,
    /** @type {unknown} */ tx,
  ) => {
    asked.push([sql, parameters]);
    return query(sql, parameters, tx);
  };
  const ops = { userId: ownerId(1 + (7 % owners)), role: 'ops', email: 'x', emailVerified: true };
  const client = { ...READER, role: 'client', emailVerified: true };
  for (const { title, query: ask } of KINDS) {
    if (ask === undefined) continue;
    for (const reader of [ops, client]) {
      asked = [];
      await search.page(reader, { limit: PAGE, ...ask(1) });
      const statement = asked.filter(([sql]) => sql.startsWith('WITH')).at(-1);
      if (statement === undefined) continue;
      const rows = await database.transaction(async (/** @type {unknown} */ tx) => {
        await query(
          `SELECT set_config('jit', 'off', true), set_config('random_page_cost', '1.1', true)`,
          [],
          tx,
        );
        return query(`EXPLAIN (ANALYZE, BUFFERS) ${statement[0]}`, statement[1], tx);
      });
      process.stdout.write(
        `\n## ${reader.role}: ${title}\n${rows.map((/** @type {any} */ row) => row['QUERY PLAN']).join('\n')}\n`,
      );
    }
  }
}

/** @template T @param {string} url @param {(client: import('pg').Client) => Promise<T>} work @returns {Promise<T>} */
async function connected(url, work) {
  const { Client } = require('pg');
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** @param {number[]} sizes @param {Map<number, Map<string, number[]>>} figures */
function report(sizes, figures) {
  const first = figures.get(sizes[0]);
  const head = sizes.map((files) => `| ${files} files: median, 95 of 100 (ms) `).join('');
  process.stdout.write(`| as, what ${head}| growth |\n| --- ${'| --- '.repeat(sizes.length)}| --- |\n`);
  let slow = 0;
  for (const key of first?.keys() ?? []) {
    const cells = sizes.map((files) => {
      const samples = figures.get(files)?.get(key) ?? [];
      return { median: quantile(samples, 0.5), slow: quantile(samples, 0.95) };
    });
    const limit = KINDS.find(({ title }) => key.endsWith(`: ${title}`))?.limit ?? 0;
    const late = cells.some((cell) => cell.slow > limit);
    if (late) slow++;
    const growth = cells.at(-1).median / cells[0].median;
    process.stdout.write(
      `| ${key} ${cells.map((cell) => `| ${cell.median.toFixed(1)}, ${cell.slow.toFixed(1)} `).join('')}| ${growth.toFixed(1)}${late ? ` (limit ${limit} ms)` : ''} |\n`,
    );
  }
  return slow > 0 ? 1 : 0;
}
