/**
 * The product's sealing without database and queue: staged parts are read, verified, hashed, encrypted and made durable,
 * by the code that the worker runs.
 */
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { runHelper } from '../harness/helper.mjs';

const require = createRequire(import.meta.url);
require('reflect-metadata');
const { largeDocument } = require('../../fixtures/documents/large-document.cjs');
const { fileAad, generateDek } = require('../../../dist/libs/core/crypto');
const { createObjectStores } = require('../../../dist/libs/platform/storage');
const { BufferBudget } = require('../../../dist/libs/features/uploads/staging/buffer-budget');
const { StagingReader } = require('../../../dist/libs/features/uploads/staging/staging-reader');
const { StagingWriter } = require('../../../dist/libs/features/uploads/staging/staging-writer');
const { sealContent } = require('../../../dist/libs/features/uploads/sealing/sealer');

const MIB = 1024 * 1024;
const UPLOAD_ID = '01890a5d-ac96-774b-bcce-b302099a8057';

void runHelper(async ({ directory, bytes }) => {
  const stores = createObjectStores({ type: 'LOCAL', localDir: directory });
  const dek = randomBytes(32);
  const parts = await stage(stores, Buffer.from(dek), bytes);
  return { started: { parts: parts.length }, answer: () => sealOnce(stores, dek, parts) };
});

/** @param {any} stores @param {Buffer} dek @param {object[]} parts */
async function sealOnce(stores, dek, parts) {
  const key = `vault/${UPLOAD_ID}/${randomBytes(6).toString('hex')}`;
  const reader = new StagingReader(UPLOAD_ID, dek, parts, stores);
  const began = performance.now();
  const writer = await stores.default.create(key);
  const file = { dek: generateDek(), aad: fileAad(UPLOAD_ID, 1) };
  await sealContent(reader, writer, file, new AbortController().signal, () => {});
  const seconds = (performance.now() - began) / 1000;
  await reader.close();
  await stores.default.delete(key);
  return { seconds };
}

/** Stages a document as an upload does. @param {any} stores @param {Buffer} dek @param {number} bytes */
async function stage(stores, dek, bytes) {
  /** @type {object[]} */
  const parts = [];
  const add = ({ key, offset, size, sealedSize }) =>
    void parts.push({
      objectKey: key,
      offsetBytes: offset,
      sizeBytes: size,
      sealedSize,
      driver: stores.default.driver,
    });
  /** @type {() => void} */
  let drained = () => {};
  /** @type {unknown} */
  let failure = null;
  const writer = new StagingWriter({
    uploadId: UPLOAD_ID,
    offset: 0,
    dek,
    store: stores.default,
    budget: new BufferBudget(8 * MIB),
    partBytes: 32 * MIB,
    partMs: 5_000,
    leaseMs: 30_000,
    onDrain: () => drained(),
    onError: (error) => {
      failure = error;
      drained();
    },
    ledger: {
      register: async (offset) => `staging/${UPLOAD_ID}/${offset}-${randomBytes(6).toString('hex')}`,
      renew: async () => {},
      commit: async (part) => add(part),
    },
  });
  for (const chunk of largeDocument(bytes)) {
    if (failure) throw failure;
    if (!writer.write(chunk)) await new Promise((resolve) => (drained = () => resolve(undefined)));
  }
  await writer.end(async (last) => last && add(last));
  return parts;
}
