import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTextIfExists, writeFileAtomic } from './files.mjs';
import { Refusal } from './say.mjs';

/**
 * What a first start makes up, so that nobody has to: kept 0600 under the data directory, never overwritten.
 * @typedef {{ JWT_SECRET: string, LINK_SECRET: string, DATABASE_PASSWORD: string, REDIS_PASSWORD: string }} Secrets
 */

/** @param {string} dataDir @returns {Secrets} */
export function ensureSecrets(dataDir) {
  const path = join(dataDir, 'secrets.json');
  const text = readTextIfExists(path);
  if (text !== null) return parseSecrets(path, text);
  refuseIfLost(path, dataDir, 'the password of its database is in it');
  const secrets = {
    JWT_SECRET: randomText(48),
    LINK_SECRET: randomText(48),
    DATABASE_PASSWORD: randomText(24),
    REDIS_PASSWORD: randomText(24),
  };
  // Read back: another command may have been faster.
  createOnce(path, secrets);
  return parseSecrets(path, readFileSync(path, 'utf8'));
}

/**
 * The keyring that file keys are wrapped under, with one key-encryption key to begin with. Losing this file is losing
 * every file; it is made once and from then on belongs to `keys:rotate`.
 * @param {string} dataDir @returns {string} its path
 */
export function ensureKeyring(dataDir) {
  const path = join(dataDir, 'keyring.json');
  if (existsSync(path)) return path;
  refuseIfLost(path, dataDir, 'without it no stored file can be read');
  const now = new Date().toISOString();
  const id = `${now.slice(0, 10)}-${randomBytes(4).toString('hex')}`;
  const keyring = {
    version: 1,
    primary: id,
    keys: [{ id, createdAt: now, key: randomBytes(32).toString('base64') }],
  };
  createOnce(path, keyring);
  return path;
}

/** Random text that survives URLs, shells and configuration files. @param {number} bytes of entropy */
export const randomText = (bytes) => randomBytes(bytes).toString('base64url');

/** @param {string} path @param {object} content */
function createOnce(path, content) {
  try {
    writeFileAtomic(path, `${JSON.stringify(content, null, 2)}\n`, { exclusive: true });
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
}

/** @param {string} path @param {string} text @returns {Secrets} */
function parseSecrets(path, text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(`${path} is not JSON any more. Restore it from a backup; it is never made anew.`);
  }
}

/**
 * Both files are older than the database beside them; a new one would only hide that the old one is gone.
 * @param {string} path @param {string} dataDir @param {string} consequence
 */
function refuseIfLost(path, dataDir, consequence) {
  if (existsSync(join(dataDir, 'postgres')))
    throw new Refusal(
      `${path} is gone, and ${consequence}. Restore it from a backup, or begin with another DATA_DIR.`,
    );
}
