import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes a whole file or nothing, durable when it returns: temporary name, fsync, rename, fsync of the directory.
 * @param {string} path @param {string | Uint8Array} content
 * @param {{ mode?: number, exclusive?: boolean }} [options] mode: 0600 unless said otherwise. exclusive: fail with
 *   EEXIST rather than replace
 */
export function writeFileAtomic(path, content, { mode = 0o600, exclusive = false } = {}) {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, 'w', mode);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    // A link, because a rename silently replaces.
    if (exclusive) linkSync(temporary, path);
    else renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncDirectory(dirname(path));
}

/** Makes a rename or an unlink in a directory durable. @param {string} path */
export function syncDirectory(path) {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** The text of a file, or null where there is none. @param {string} path */
export function readTextIfExists(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return null;
    throw error;
  }
}
