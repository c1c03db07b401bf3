import type { ObjectReader } from '../object-store';
import { ObjectTruncated } from '../storage.errors';
import { translated } from './file-errors';
import type { File } from './file-system';

/** Positional reads on one open descriptor, which keeps the bytes alive when the object is deleted meanwhile. */
export class LocalObjectReader implements ObjectReader {
  constructor(
    private readonly file: File,
    readonly size: number,
  ) {}

  async read(into: Buffer, position: number): Promise<void> {
    let filled = 0;
    while (filled < into.length) {
      const { bytesRead } = await translated(() =>
        this.file.read(into, filled, into.length - filled, position + filled),
      );
      if (bytesRead === 0) throw new ObjectTruncated();
      filled += bytesRead;
    }
  }

  close(): Promise<void> {
    return translated(() => this.file.close());
  }
}
