import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child.mjs';
import { readTextIfExists } from './files.mjs';
import { withLock } from './lock.mjs';
import { CACHE_DIR, ENTRY, ROOT } from './paths.mjs';
import { Refusal, say } from './say.mjs';

const DIST = join(ROOT, 'dist');
const STAMP = join(DIST, '.waybill-build');
const SOURCE_FOLDERS = ['apps', 'libs'];
const SETTINGS = ['tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'package-lock.json'];
/** As tsconfig.build.json has it: what is not compiled does not make a build stale. */
const NOT_BUILT = /\.(spec|contract)\.ts$|(^|\/)testing\//;

/** Compiles the sources, if they changed since they were compiled. @param {{ signal?: AbortSignal }} [options] */
export async function ensureBuilt({ signal } = {}) {
  if (isFresh()) return;
  await withLock(join(CACHE_DIR, 'build'), 'build', () => build(signal), {
    signal,
    onWait: ({ pid }) => say(`Waiting for another build (pid ${pid})`),
  });
}

/** @param {AbortSignal | undefined} signal */
async function build(signal) {
  if (isFresh()) return;
  say('Building');
  const began = performance.now();
  // Taken before: a source that changes during the build makes the next start build again.
  const fingerprint = sourcesFingerprint();
  rmSync(STAMP, { force: true });
  // An incremental build trusts its record of what it wrote, also when that has been deleted.
  if (!hasEntries()) rmSync(join(DIST, '.tsbuildinfo'), { force: true });
  const { code, output } = await run(
    process.execPath,
    [join(ROOT, 'node_modules/@nestjs/cli/bin/nest.js'), 'build'],
    {
      cwd: ROOT,
      signal,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  if (code !== 0) throw new Refusal(`${output}\nThe build failed (exit code ${code}).`);
  if (!hasEntries()) throw new Refusal(`${output}\nThe build made no ${missingEntries().join(', ')}.`);
  removeOrphans();
  writeFileSync(STAMP, fingerprint);
  say(`Built in ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

function isFresh() {
  return hasEntries() && readTextIfExists(STAMP) === sourcesFingerprint();
}

const missingEntries = () => Object.values(ENTRY).filter((entry) => !existsSync(entry));
const hasEntries = () => missingEntries().length === 0;

/** Of names and contents, not of times: git and containers change those. @returns {string} */
export function sourcesFingerprint() {
  const hash = createHash('sha256');
  const sources = SOURCE_FOLDERS.flatMap(filesBelow).filter((path) => !NOT_BUILT.test(path));
  for (const path of [...SETTINGS, ...sources.sort()]) {
    const content = readFileSync(join(ROOT, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** What was compiled from a source that is no more would still be loaded by whoever lists a folder (migrations). */
function removeOrphans() {
  for (const folder of SOURCE_FOLDERS) {
    for (const path of filesBelow(join('dist', folder))) {
      const source = path.replace(/^dist\//, '').replace(/(\.d)?\.(js|ts)(\.map)?$/, '.ts');
      if (/\.(js|d\.ts)(\.map)?$/.test(path) && !existsSync(join(ROOT, source))) rmSync(join(ROOT, path));
    }
  }
}

/** Paths relative to the checkout, with forward slashes. @param {string} folder @returns {string[]} */
function filesBelow(folder) {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}
