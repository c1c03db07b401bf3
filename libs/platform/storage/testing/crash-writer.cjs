/**
 * Writes objects into the directory that is its argument until it is killed, four at a time. On standard output it says
 * `begin <key>` before it touches an object's name, as the database would have a row by then, and `done <key>` once it was
 * told that the object is durable. A key says what its content must be: `crash/<seed>/<size>`.
 */
const { writeSync } = require('node:fs');
require('./load-typescript.cjs');
const { LocalObjectStore } = require('../local/local.store.ts');
const { noise } = require('./noise.ts');

const store = new LocalObjectStore(process.argv[2]);
const SIZES = [0, 1, 4096, 100_000, 3_000_000, 20_000_000];
let seed = 0;

/** Synchronous: a line that was not written yet when the process is killed would be a lie. */
const say = (line) => writeSync(1, `${line}\n`);

async function writeForever() {
  for (;;) {
    seed += 1;
    const size = SIZES[seed % SIZES.length];
    const key = `crash/${seed}/${size}`;
    const content = noise(size, seed);
    say(`begin ${key}`);
    const writer = await store.create(key);
    for (let at = 0; at < size; at += 1_000_000) void writer.write([content.subarray(at, at + 1_000_000)]);
    await writer.commit();
    say(`done ${key}`);
  }
}

for (let i = 0; i < 4; i++) void writeForever();
