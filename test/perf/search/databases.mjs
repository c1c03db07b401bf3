import { createRequire } from 'node:module';
import { say } from '../../../scripts/lib/say.mjs';
import { loadFiles } from './load-files.mjs';

const require = createRequire(import.meta.url);
export const FILES_OF_AN_OWNER = 1_000;

/** A database with so many files, on that server; loaded unless it is there. @param {string} server @param {number} files */
export async function prepare(server, files) {
  const name = databaseOf(files);
  const url = urlOf(server, name);
  if (await there(server, name)) return url;
  // Under another name until it is complete.
  const draft = `${name}_draft`;
  await connected(server, async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${draft}`);
    await client.query(`CREATE DATABASE ${draft}`);
  });
  const { migrate } = require('../../../dist/libs/platform/database');
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
export async function drop(server, files) {
  await connected(server, (client) => client.query(`DROP DATABASE ${databaseOf(files)} WITH (FORCE)`));
}

/** What the database part of the product reads of its settings. @param {string} url @param {number} [poolSize] */
export function settings(url, poolSize = 2) {
  // Loading a million rows is silent for longer than any statement of the product may be.
  return { database: { url, poolSize, statementMs: 600_000 } };
}

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

/** @param {string} server @param {string} name */
function there(server, name) {
  return connected(server, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    return rowCount === 1;
  });
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

/** @param {number} began */
function seconds(began) {
  return Math.round((performance.now() - began) / 1000);
}
