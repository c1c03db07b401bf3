import { constants } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from './file-errors';
import type { File, FileSystem } from './file-system';

const PRIVATE_DIRECTORY = 0o700;

/** Makes directories, and makes their entries durable. */
export class Directories {
  private readonly ready = new Map<string, Promise<void>>();

  constructor(
    private readonly fs: FileSystem,
    private readonly root: string,
  ) {}

  /** Resolves when the directory, the root or one below it, is there to stay. */
  ensure(directory: string): Promise<void> {
    let ready = this.ready.get(directory);
    if (!ready) {
      ready = this.make(directory).catch((error: unknown) => {
        this.ready.delete(directory);
        throw error;
      });
      this.ready.set(directory, ready);
    }
    return ready;
  }

  /** For when a directory turned out to be gone: every next `ensure` looks again. */
  forget(): void {
    this.ready.clear();
  }

  /**
   * Resolves when every entry that was made or removed before the call is durable. One fsync for each caller: the journals
   * of ext4 and XFS group concurrent ones, and to group them here was measured to gain nothing (docs/decisions/0003).
   */
  async sync(directory: string): Promise<void> {
    const handle = await this.open(directory);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** A directory to be synced. Whoever opens it closes it. */
  open(directory: string): Promise<File> {
    return this.fs.open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  }

  private async make(directory: string): Promise<void> {
    if (directory !== this.root) await this.ensure(dirname(directory));
    const made = await this.mkdir(directory);
    // One that was found may be a moment old, made by another process that has not come to its fsync yet. What stands above
    // the root is the operator's, who need not let us open it.
    if (made || directory !== this.root) await this.sync(dirname(directory));
  }

  /** Whether the directory had to be made. */
  private async mkdir(directory: string, withParents = true): Promise<boolean> {
    try {
      await this.fs.mkdir(directory, { mode: PRIVATE_DIRECTORY });
      return true;
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return false;
      if (errnoOf(error) !== 'ENOENT' || !withParents) throw error;
    }
    const parent = dirname(directory);
    if (await this.mkdir(parent)) await this.sync(dirname(parent));
    return this.mkdir(directory, false);
  }
}
