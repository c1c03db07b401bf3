import { PAGE_BYTES } from '@waybill/core/kernel';
import type { ObjectReader } from '../object-store';
import { ObjectTruncated } from '../storage.errors';
import type { DirectIo } from './direct-io';
import { translated } from './file-errors';
import type { File } from './file-system';

/**
 * Positional reads on one open descriptor, which keeps the bytes alive when the object is deleted meanwhile; on a second
 * one, past the page cache, where the bytes are read but once.
 */
export class LocalObjectReader implements ObjectReader {
  constructor(
    private readonly file: File,
    readonly size: number,
    private readonly directIo: DirectIo,
    private readonly direct: File | null,
  ) {}

  read(into: Buffer, position: number): Promise<void> {
    return translated(async () => {
      let filled = await this.readDirectly(into, position);
      while (filled < into.length) {
        const { bytesRead } = await this.file.read(into, filled, into.length - filled, position + filled);
        if (bytesRead === 0) throw new ObjectTruncated();
        filled += bytesRead;
      }
    });
  }

  /** Both descriptors go, whatever closing one of them says. */
  close(): Promise<void> {
    return translated(async () => {
      try {
        await this.direct?.close();
      } finally {
        await this.file.close();
      }
    });
  }

  /** Whole pages of the object, as far as they can be had this way; answers how many bytes of `into` they fill. */
  private async readDirectly(into: Buffer, position: number): Promise<number> {
    const pages = into.subarray(0, into.length - (into.length % PAGE_BYTES));
    if (!this.direct || this.directIo.suited([pages], position).length === 0) return 0;
    try {
      return (await this.direct.read(pages, 0, pages.length, position)).bytesRead;
    } catch (error) {
      if (this.directIo.noteRefusal(error)) return 0;
      throw error;
    }
  }
}
