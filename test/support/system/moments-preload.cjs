'use strict';
/**
 * Loaded before the product into one of its processes (NODE_OPTIONS=--require, see moments.ts): gives names to what it
 * does to the disk, the database and its clients, writes them down in their order, ends or stops the process at one of
 * them, or lets one fail. The product itself knows nothing of it and runs as it always does.
 *
 * Each moment is `before <operation>` and, where it succeeded, `after <operation>`:
 *   write|datasync|sync|rename|unlink vault|staging   the bytes of an object
 *   sync vault-directory|staging-directory            its entry
 *   commit <what>                                     a transaction, by its labels in the order of its statements
 *   answer <status>                                   the head of the answer to a POST or a PATCH
 */
const { appendFileSync } = require('node:fs');
const fs = require('node:fs/promises');
const http = require('node:http');
const { Client } = require('pg');

/** @type {import('./moments').Moments} */
const { log, crash, freeze, fail } = JSON.parse(process.env.WAYBILL_TEST_MOMENTS);

const planned = [
  { ...crash, signal: 'SIGKILL', left: crash?.nth ?? 1 },
  { ...freeze, signal: 'SIGSTOP', left: freeze?.nth ?? 1 },
];
function reach(moment) {
  if (log) appendFileSync(log, `${moment}\n`);
  for (const plan of planned) {
    if (moment === plan.at && --plan.left === 0) process.kill(process.pid, plan.signal);
  }
}

async function around(operation, run) {
  reach(`before ${operation}`);
  if (operation === fail?.operation) {
    throw Object.assign(new Error(`${fail.code}: planted`), {
      code: fail.code,
      errno: -5,
      syscall: 'planted',
    });
  }
  const result = await run();
  reach(`after ${operation}`);
  return result;
}

const PLACE = /\/(vault|staging)\/[0-9a-f]{2}(\/[^/]+)?$/;
function placeOf(path) {
  const [, namespace, name] = PLACE.exec(String(path)) ?? [];
  return namespace && (name ? namespace : `${namespace}-directory`);
}

const { open } = fs;
fs.open = async (path, ...rest) => {
  const handle = await open(path, ...rest);
  const place = placeOf(path);
  for (const [method, name] of place
    ? [
        ['writev', 'write'],
        ['datasync', 'datasync'],
        ['sync', 'sync'],
      ]
    : []) {
    const original = handle[method].bind(handle);
    handle[method] = (...args) => around(`${name} ${place}`, () => original(...args));
  }
  return handle;
};
for (const method of ['rename', 'unlink']) {
  const original = fs[method];
  fs[method] = (path, ...rest) => {
    const place = placeOf(path);
    return place ? around(`${method} ${place}`, () => original(path, ...rest)) : original(path, ...rest);
  };
}

/** Prepared statements, by their names. */
const PREPARED = {
  'insert-upload': () => 'begun',
  'commit-parts': (values) => (values.includes(true) ? 'part+received' : 'part'),
  'receive-whole-uploads': () => 'whole',
};
const LABELS = [
  ['validated', /SET validated_at/],
  ['claimed', /SET status = 'encrypting'/],
  ['completed', /SET status = 'completed'/],
  ['entombed', /UPDATE files SET deleted_at/],
  ['forgotten', /DELETE FROM objects/],
];
/** The labels of a connection's open transaction. */
const transactions = new WeakMap();
const { query } = Client.prototype;
Client.prototype.query = function (...args) {
  const text = typeof args[0] === 'string' ? args[0] : (args[0]?.text ?? '');
  const run = () => query.apply(this, args);
  if (/^\s*(START TRANSACTION|BEGIN)/.test(text)) transactions.set(this, []);
  const open = transactions.get(this);
  if (/^\s*(COMMIT|ROLLBACK)/.test(text)) {
    transactions.delete(this);
    return open?.length > 0 && text.includes('COMMIT') ? around(`commit ${open.join('+')}`, run) : run();
  }
  const label = PREPARED[args[0]?.name]?.(args[1]) ?? LABELS.find(([, pattern]) => pattern.test(text))?.[0];
  if (!label) return run();
  if (!open) return around(`commit ${label}`, run);
  open.push(label);
  return run();
};

const { writeHead } = http.ServerResponse.prototype;
http.ServerResponse.prototype.writeHead = function (status, ...rest) {
  if (this.req.method === 'POST' || this.req.method === 'PATCH') reach(`before answer ${status}`);
  return writeHead.call(this, status, ...rest);
};
