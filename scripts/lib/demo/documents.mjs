import { createHash } from 'node:crypto';
import { copyFileSync, openSync, readFileSync, writeSync, closeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ROOT } from '../paths.mjs';

const FIXTURES = join(ROOT, 'test/fixtures/documents');
const SMALL = ['report.docx', 'briefing.pptx', 'shipments.xlsx', 'clip.mp4'];
const LARGE = 'annual-archive.docx';
const LARGE_BYTES = 64 * 1024 * 1024;

/**
 * Puts into a folder what is handed over: three genuine Office files, a video, and a valid document of 64 MiB that has the
 * marker at every 4 KiB.
 * @param {string} folder @returns {{ small: string[], large: string, marker: string }} their names
 */
export function layOutDocuments(folder) {
  for (const name of SMALL) copyFileSync(join(FIXTURES, name), join(folder, name));
  const { largeDocument } = createRequire(import.meta.url)(join(FIXTURES, 'large-document.cjs'));
  const document = largeDocument(LARGE_BYTES);
  const file = openSync(join(folder, LARGE), 'w');
  for (const chunk of document) writeSync(file, chunk);
  closeSync(file);
  return { small: SMALL, large: LARGE, marker: document.marker };
}

/** @param {string} path @returns {string} SHA-256, in hex */
export function digestOf(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
