import { constants } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@waybill/core/kernel';
import type { Directories } from './directories';
import { errnoOf, translated, unlinkIfThere } from './file-errors';
import type { FileSystem } from './file-system';

const PRIVATE_FILE = 0o600;
const READ = constants.O_RDONLY | constants.O_NOFOLLOW;
const REPLACE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
/** More digits than a safe integer has. */
const LONGEST = 32;

/** One number beside the objects, in a file that no key leads to. It is replaced as a whole, and durable when it is. */
export class GenerationFile {
  private readonly path: string;
  private writes = 0;

  constructor(
    private readonly fs: FileSystem,
    private readonly directories: Directories,
    private readonly root: string,
  ) {
    this.path = join(root, '~generation');
  }

  read(): Promise<number | null> {
    return translated(async () => {
      const text = await this.text();
      if (text === null) return null;
      const number = Number(text);
      if (!/^\d+\n$/.test(text) || !Number.isSafeInteger(number)) {
        throw new AppError('DEPENDENCY_UNAVAILABLE', "The store's generation cannot be read.");
      }
      return number;
    });
  }

  write(generation: number): Promise<void> {
    return translated(async () => {
      await this.directories.ensure(this.root);
      const fresh = `${this.path}-${process.pid}-${++this.writes}`;
      try {
        const file = await this.fs.open(fresh, REPLACE, PRIVATE_FILE);
        try {
          const bytes = Buffer.from(`${generation}\n`);
          const { bytesWritten } = await file.writev([bytes], 0);
          if (bytesWritten < bytes.length) throw new AppError('STORAGE_FULL', 'The storage is full.');
          await file.sync();
        } finally {
          await file.close();
        }
        await this.fs.rename(fresh, this.path);
      } catch (error) {
        await unlinkIfThere(this.fs, fresh);
        throw error;
      }
      await this.directories.sync(this.root);
    });
  }

  private async text(): Promise<string | null> {
    try {
      const file = await this.fs.open(this.path, READ);
      try {
        const into = Buffer.alloc(LONGEST);
        const { bytesRead } = await file.read(into, 0, LONGEST, 0);
        return into.toString('latin1', 0, bytesRead);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return null;
      throw error;
    }
  }
}
