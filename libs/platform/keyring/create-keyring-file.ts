import { link, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateDek, randomBytes, wipe } from '@waybill/core/crypto';
import { newKeyId } from './key-id';
import { formatKeyring } from './keyring-document';
import { systemErrorCode } from './system-error';

/**
 * Writes a new keyring with one random key, readable by its owner alone. It appears whole and durable, or not at all,
 * and never in the place of another: a keyring that is lost takes every file with it.
 *
 * @returns the id of the key.
 * @throws Error when the path is taken, also by a process that was faster.
 */
export async function createKeyringFile(path: string, now = new Date()): Promise<string> {
  const id = newKeyId(now);
  const key = generateDek();
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeDurably(temporary, formatKeyring(id, key, now));
    // A link, where a rename would silently replace what is there.
    await link(temporary, path);
  } catch (cause) {
    if (systemErrorCode(cause) === 'EEXIST')
      throw new Error(`The keyring file ${path} exists; it is never overwritten.`, { cause });
    throw new Error(`The keyring file ${path} cannot be written.`, { cause });
  } finally {
    wipe(key);
    await unlink(temporary).catch(ignoreMissing);
  }
  await syncDirectory(dirname(path));
  return id;
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a rename in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function ignoreMissing(error: unknown): void {
  if (systemErrorCode(error) !== 'ENOENT') throw error;
}
