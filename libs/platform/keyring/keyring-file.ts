import { open, readFile, realpath, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateDek, wipe } from '@waybill/core/crypto';
import { syncDirectory } from './create-keyring-file';
import { addKey, describeKeyring, promoteKey, removeKey, type KeyringSummary } from './keyring-document';
import { newKeyId } from './key-id';
import { systemErrorCode } from './system-error';

/**
 * Changes of a keyring file, each whole and durable, or not made at all: a new file takes the place of the old one by a
 * rename, with the same owner and mode. Processes that have it open take it up by themselves. One change at a time is the
 * caller's to see to.
 */
export class KeyringFile {
  constructor(private readonly path: string) {}

  /** The ids of its keys, without the keys. */
  async describe(): Promise<KeyringSummary> {
    return describeKeyring(await this.read());
  }

  /** Adds a random key, that wraps from now on or only opens. @returns its id. */
  async add({ primary, now = new Date() }: { primary: boolean; now?: Date }): Promise<string> {
    const id = newKeyId(now);
    const key = generateDek();
    try {
      const added = addKey(await this.read(), { id, key, createdAt: now });
      await this.replace(primary ? promoteKey(added, id) : added);
    } finally {
      wipe(key);
    }
    return id;
  }

  /** From now on this key wraps. */
  async promote(id: string): Promise<void> {
    await this.replace(promoteKey(await this.read(), id));
  }

  /** Takes a key out; what is under it cannot be opened any more. Refused for the primary key. */
  async remove(id: string): Promise<void> {
    await this.replace(removeKey(await this.read(), id));
  }

  private async read(): Promise<string> {
    try {
      return await readFile(this.path, 'utf8');
    } catch (cause) {
      throw this.failure(cause, 'read');
    }
  }

  private async replace(text: string): Promise<void> {
    try {
      // Beside the file itself, where it is a link: a rename across file systems would not be one step.
      const target = await realpath(this.path);
      const { uid, gid } = await stat(target);
      const next = `${target}.next`;
      const file = await open(next, 'w', 0o600);
      try {
        await file.chmod(0o600);
        // The services may run as somebody else than the operator, and must still be able to read it.
        await file.chown(uid, gid);
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(next, target);
      await syncDirectory(dirname(target));
    } catch (cause) {
      throw this.failure(cause, 'changed');
    }
  }

  private failure(cause: unknown, what: string): Error {
    const code = systemErrorCode(cause);
    if (code === undefined) return cause as Error;
    return new Error(`The keyring file ${this.path} cannot be ${what} (${code}).`, { cause });
  }
}
