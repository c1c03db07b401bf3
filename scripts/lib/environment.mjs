import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { readTextIfExists } from './files.mjs';
import { ROOT } from './paths.mjs';
import { parsePort } from './ports.mjs';
import { ensureKeyring, ensureSecrets } from './secrets.mjs';

/**
 * What the launcher itself must know; all else is read by the application, from the same environment.
 * @typedef {{
 *   env: NodeJS.ProcessEnv, production: boolean, port: number, host: string, dataDir: string,
 *   databaseUrl?: string, redisUrl?: string
 * }} Settings
 */

/**
 * The environment, over the checkout's `.env` where there is one. As in the application, a blank value is an absent one.
 * @param {{ port?: string, dataDir?: string }} [flags] said on the command line; they win
 * @returns {Settings}
 */
export function readSettings(flags = {}) {
  const file = parseEnv(readTextIfExists(join(ROOT, '.env')) ?? '');
  const env = { ...withoutBlanks(file), ...withoutBlanks(process.env) };
  if (flags.dataDir) env.DATA_DIR = resolve(flags.dataDir);
  return {
    env,
    production: env.NODE_ENV === 'production',
    port: parsePort(flags.port ?? env.PORT),
    host: env.HOST ?? '127.0.0.1',
    dataDir: resolve(ROOT, env.DATA_DIR ?? '.data'),
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
  };
}

/**
 * What the first start makes up: the secrets and the keyring, as the application's settings. In production nothing is
 * made up; the application refuses to start and names what is missing.
 * @param {Settings} settings @returns {NodeJS.ProcessEnv}
 */
export function ensureGenerated({ env, production, dataDir }) {
  if (production) return {};
  const { JWT_SECRET, LINK_SECRET } = ensureSecrets(dataDir);
  return { JWT_SECRET, LINK_SECRET, KEYRING_FILE: env.KEYRING_FILE ?? ensureKeyring(dataDir) };
}

/**
 * The environment of the application's processes.
 * @param {Settings} settings @param {NodeJS.ProcessEnv} generated
 * @param {{ databaseUrl?: string, redisUrl?: string }} urls
 * @returns {NodeJS.ProcessEnv}
 */
export function applicationEnvironment({ env, production, port, dataDir }, generated, urls) {
  const said = { ...env, PORT: String(port) };
  if (production) return said;
  return {
    ...generated,
    ...said,
    DATA_DIR: dataDir,
    DATABASE_URL: urls.databaseUrl,
    REDIS_URL: urls.redisUrl,
  };
}

/** @param {NodeJS.ProcessEnv} env */
const withoutBlanks = (env) => Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
