import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { unwrapDek, wipe, wrapDek, type DekContext } from '@waybill/core/crypto';
import { AppError, Gathering } from '@waybill/core/kernel';
import { Keyring, type WrappedDek } from './keyring';
import { parseKeyring, type KeyringKeys } from './keyring-document';
import { systemErrorCode } from './system-error';

interface LoadedKeyring extends KeyringKeys {
  /** What a file looks like from outside; another look means other keys. */
  look: string;
}

/**
 * The KEKs of `KEYRING_FILE`: JSON that only its owner may read, with several keys, of which one is primary.
 *
 * The file is looked at before each wrapping and for each unknown id, so that an added or newly primary key is used
 * without a restart. A file that has gone or turned bad stops the wrapping, although the old key is still in memory:
 * what it wrapped could not be opened after the next restart. What was wrapped before can still be opened.
 */
export class FileKeyring extends Keyring {
  readonly #path: string;
  readonly #secrets: readonly string[];
  #loaded: LoadedKeyring;

  /**
   * @throws Error that names the file and what is wrong with it: missing, readable by others, not a keyring, with
   * duplicate, weak or damaged keys, or with a key that serves as another secret too.
   * @param secrets what the keys must not be, in any of the usual spellings.
   */
  static async open(path: string, secrets: readonly string[] = []): Promise<FileKeyring> {
    return new FileKeyring(path, secrets, await load(path, secrets));
  }

  private constructor(path: string, secrets: readonly string[], loaded: LoadedKeyring) {
    super();
    this.#path = path;
    this.#secrets = secrets;
    this.#loaded = loaded;
  }

  readonly #looking = new Gathering<void, void>(async (asked) => {
    await this.#look();
    return asked;
  }, Infinity);

  override async primaryId(): Promise<string> {
    await this.#refresh();
    return this.#loaded.primary;
  }

  override async wrap(dek: Uint8Array, context: DekContext): Promise<WrappedDek> {
    await this.#refresh();
    const { primary: kekId, keys } = this.#loaded;
    return { kekId, wrapped: wrapDek(keys.get(kekId)!, kekId, dek, context) };
  }

  override async unwrap({ kekId, wrapped }: WrappedDek, context: DekContext): Promise<Buffer> {
    if (!this.#loaded.keys.has(kekId)) await this.#refresh();
    const kek = this.#loaded.keys.get(kekId);
    if (kek === undefined) {
      throw new AppError('KEY_UNAVAILABLE', `The keyring has no key with the id "${kekId}".`);
    }
    return unwrapDek(kek, kekId, wrapped, context);
  }

  /** Whoever asks at about the same time looks together. */
  #refresh(): Promise<void> {
    return this.#looking.ask();
  }

  async #look(): Promise<void> {
    try {
      if (lookOf(await stat(this.#path, { bigint: true })) === this.#loaded.look) return;
      const fresh = await load(this.#path, this.#secrets);
      wipe(...this.#loaded.keys.values());
      this.#loaded = fresh;
    } catch (cause) {
      throw new AppError('KEY_UNAVAILABLE', 'The keyring cannot be read.', { cause });
    }
  }
}

async function load(path: string, secrets: readonly string[]): Promise<LoadedKeyring> {
  try {
    const file = await open(path, constants.O_RDONLY);
    try {
      const stats = await file.stat({ bigint: true });
      if (!stats.isFile()) throw new Error('is not a regular file');
      if ((stats.mode & 0o077n) !== 0n) {
        throw new Error(`can be read or written by others than its owner (chmod 600 '${path}' mends that)`);
      }
      const { primary, keys } = parseKeyring(await file.readFile('utf8'));
      refuseShared(keys, secrets);
      return { primary, keys, look: lookOf(stats) };
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new Error(`The keyring file ${path} ${reasonOf(cause)}.`, { cause });
  }
}

/** One leak would be two: whoever learns the secret that signs tokens must not be able to open files. */
function refuseShared(keys: KeyringKeys['keys'], secrets: readonly string[]): void {
  for (const [id, key] of keys) {
    const spellings = new Set(['base64', 'base64url', 'hex', 'latin1'].map((form) => spell(key, form)));
    if (secrets.some((secret) => spellings.has(secret.toLowerCase()))) {
      throw new Error(`has a key "${id}" that is JWT_SECRET or LINK_SECRET, too`);
    }
  }
}

function spell(key: Buffer, form: string): string {
  return key.toString(form as BufferEncoding).toLowerCase();
}

function lookOf(stats: { dev: bigint; ino: bigint; size: bigint; mtimeNs: bigint; ctimeNs: bigint }): string {
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':');
}

function reasonOf(error: unknown): string {
  const code = systemErrorCode(error);
  if (code === 'ENOENT') return 'does not exist';
  if (code !== undefined) return `cannot be read (${code})`;
  return error instanceof Error ? error.message : 'cannot be read';
}
