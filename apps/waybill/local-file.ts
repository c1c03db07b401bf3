import { createHash } from 'node:crypto';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ResumableSource } from '@waybill/client';

/** A file of this machine, as it was when it was opened. */
export class LocalFile implements ResumableSource {
  private constructor(
    readonly path: string,
    readonly size: number,
    /** When it was changed last; with path and size what tells it from another. */
    readonly modified: number,
    private readonly handle: FileHandle,
  ) {}

  static async open(given: string): Promise<LocalFile> {
    const path = await realpath(given).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? new Error(`There is no file ${given}.`) : error;
    });
    const handle = await open(path, 'r');
    const stats = await handle.stat();
    if (!stats.isFile()) {
      await handle.close();
      throw new Error(`${given} is no file.`);
    }
    return new LocalFile(path, stats.size, stats.mtimeMs, handle);
  }

  get name(): string {
    return basename(this.path);
  }

  async slice(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(end - start);
    for (let at = 0; at < bytes.length;) {
      const { bytesRead } = await this.handle.read(bytes, at, bytes.length - at, start + at);
      if (bytesRead === 0) throw this.changed();
      at += bytesRead;
    }
    const { size, mtimeMs } = await this.handle.stat();
    if (size !== this.size || mtimeMs !== this.modified) throw this.changed();
    return bytes;
  }

  async sha256(): Promise<string> {
    const hash = createHash('sha256');
    for await (const chunk of this.handle.createReadStream({ start: 0, autoClose: false })) {
      hash.update(chunk as Buffer);
    }
    return hash.digest('hex');
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  private changed(): Error {
    return new Error(`${this.name} was changed while it was being uploaded.`);
  }
}
