import * as promises from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

export type File = Pick<FileHandle, 'writev' | 'read' | 'stat' | 'datasync' | 'sync' | 'close'>;

/**
 * What the driver needs of a file system. It is a parameter, so that tests can record the order of calls and let single
 * ones fail.
 */
export interface FileSystem {
  open(path: string, flags: number, mode?: number): Promise<File>;
  mkdir(path: string, options: { mode: number }): Promise<unknown>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  lstat(path: string): Promise<{ size: number; mtime: Date; isFile(): boolean }>;
  opendir(path: string): Promise<AsyncIterable<{ name: string }>>;
}

export const nodeFileSystem: FileSystem = promises;
