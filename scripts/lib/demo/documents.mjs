import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ROOT } from '../paths.mjs';

const FIXTURES = join(ROOT, 'test/fixtures/documents');
const OFFICE = 'application/vnd.openxmlformats-officedocument';
const LARGE_BYTES = 64 * 1024 * 1024;

/**
 * What is handed over: three genuine Office files, and a valid one of 64 MiB that has the marker at every 4 KiB.
 * @typedef {{ name: string, type: string, size: number, chunks: Iterable<Buffer>, sha256: string }} Document
 * @returns {{ small: Document[], large: Document, marker: string }}
 */
export function demoDocuments() {
  const { largeDocument } = createRequire(import.meta.url)(join(FIXTURES, 'large-document.cjs'));
  const large = largeDocument(LARGE_BYTES);
  return {
    small: [
      genuine('report.docx', `${OFFICE}.wordprocessingml.document`),
      genuine('briefing.pptx', `${OFFICE}.presentationml.presentation`),
      genuine('shipments.xlsx', `${OFFICE}.spreadsheetml.sheet`),
    ],
    large: described('annual-archive.docx', `${OFFICE}.wordprocessingml.document`, large.size, large),
    marker: large.marker,
  };
}

/** @param {string} name @param {string} type */
function genuine(name, type) {
  const bytes = readFileSync(join(FIXTURES, name));
  return described(name, type, bytes.length, [bytes]);
}

/** @param {string} name @param {string} type @param {number} size @param {Iterable<Buffer>} chunks */
function described(name, type, size, chunks) {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return { name, type, size, chunks, sha256: hash.digest('hex') };
}
