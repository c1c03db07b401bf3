import { constants } from 'node:fs';
import { basename } from 'node:path';
import { nodeFileSystem, type File, type FileSystem } from '../local/file-system';

/** One call that reached the file system, as it ended. */
export interface FileCall {
  /** `fsync` of a directory is told apart as `fsyncdir`, what goes past the page cache by `direct` before its name. */
  operation: string;
  /** The last part of the path; of the new one for `rename`. */
  name: string;
}

/** An error as the kernel would give it. */
export function systemError(code: string, syscall = 'test'): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: made to fail, ${syscall} '/secret/path'`), { code, syscall });
}

/** The real file system, with a log of what was done, the chance to fail, and a count of open files. */
export class ObservedFileSystem implements FileSystem {
  readonly calls: FileCall[] = [];
  /** How many bytes each write took. */
  readonly written: [operation: string, bytes: number][] = [];
  /** Asked before each call; what it throws is the call's failure. */
  before: (call: FileCall) => void | Promise<void> = () => undefined;
  /** Limits what one `writev` takes, as a nearly full disk or a signal would. */
  maxWrite = Infinity;
  openFiles = 0;

  readonly operations = () => this.calls.map(({ operation }) => operation);

  async open(path: string, flags: number, mode?: number): Promise<File> {
    const way = (flags & constants.O_DIRECT) !== 0 ? 'direct ' : '';
    const file = await this.run(`${way}open`, path, () => nodeFileSystem.open(path, flags, mode));
    this.openFiles++;
    let isOpen = true;
    const directory = (flags & constants.O_DIRECTORY) !== 0;
    return {
      writev: (async (buffers: Buffer[], position?: number) => {
        const write = () => file.writev(this.limited(buffers), position);
        const result = await this.run(`${way}write`, path, write);
        this.written.push([`${way}write`, result.bytesWritten]);
        return result;
      }) as File['writev'],
      read: ((...args: Parameters<File['read']>) =>
        this.run(`${way}read`, path, () => file.read(...args))) as File['read'],
      stat: (() => this.run('fstat', path, () => file.stat())) as File['stat'],
      datasync: () => this.run('fdatasync', path, () => file.datasync()),
      sync: () => this.run(directory ? 'fsyncdir' : 'fsync', path, () => file.sync()),
      close: () =>
        this.run(`${way}close`, path, async () => {
          await file.close();
          if (isOpen) this.openFiles--;
          isOpen = false;
        }),
    };
  }

  mkdir = (path: string, options: { mode: number }) =>
    this.run('mkdir', path, () => nodeFileSystem.mkdir(path, options));
  rename = (from: string, to: string) => this.run('rename', to, () => nodeFileSystem.rename(from, to));
  unlink = (path: string) => this.run('unlink', path, () => nodeFileSystem.unlink(path));
  lstat = (path: string) => this.run('lstat', path, () => nodeFileSystem.lstat(path));
  opendir = (path: string) => this.run('opendir', path, () => nodeFileSystem.opendir(path));

  private limited(buffers: Buffer[]): Buffer[] {
    return this.maxWrite === Infinity ? buffers : [buffers[0]!.subarray(0, this.maxWrite)];
  }

  private async run<T>(operation: string, path: string, call: () => Promise<T>): Promise<T> {
    const record = { operation, name: basename(path) };
    try {
      await this.before(record);
    } catch (error) {
      // The real descriptor goes all the same, as with a real close(2) that fails.
      if (operation.endsWith('close')) await call();
      throw error;
    }
    const result = await call();
    this.calls.push(record);
    return result;
  }
}
