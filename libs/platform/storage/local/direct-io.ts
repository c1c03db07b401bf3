import { constants } from 'node:fs';
import { PAGE_BYTES, isPageAligned } from '@waybill/core/kernel';
import { errnoOf } from './file-errors';
import type { File, FileSystem } from './file-system';

/** Fewer bytes are as well off in the page cache: a trip to the disk costs more than their copy. */
const WORTH_BYTES = 256 * 1024;

/** What a kernel says that cannot, or not here, go past its page cache. */
const REFUSALS = new Set(['EINVAL', 'EOPNOTSUPP', 'ENOTSUP']);

/**
 * Moves large, page-aligned pieces between memory and disk past the kernel's page cache (O_DIRECT, open(2)). What is
 * written once and read once, hours or seconds later, gains nothing there: it costs a copy, fresh pages of memory (on
 * virtual machines these cost more than the encryption) and pushes out what others read again and again.
 *
 * Not every file system and kernel can; one that refuses once is not asked again. The usual way is always right, also
 * for neighbouring bytes of the same file: they share no page.
 */
export class DirectIo {
  private refused = !constants.O_DIRECT;

  constructor(private readonly fs: FileSystem) {}

  /** A second descriptor for an object that is being written; null where there can be none. Whoever gets it closes it. */
  openToWrite(path: string): Promise<File | null> {
    return this.open(path, constants.O_WRONLY);
  }

  /** A second descriptor for reading an object of so many bytes; null where there can be none, or it is not worth while. */
  async openToRead(path: string, size: number): Promise<File | null> {
    return size < WORTH_BYTES ? null : this.open(path, constants.O_RDONLY);
  }

  /** Whether an error says that the usual way has to be gone. */
  noteRefusal(error: unknown): boolean {
    const refusal = REFUSALS.has(errnoOf(error) ?? '');
    this.refused ||= refusal;
    return refusal;
  }

  /** The first of the buffers, as far as they can go this way, whole pages of the last one; none where it is not worth while. */
  suited(buffers: Buffer[], position: number): Buffer[] {
    if (this.refused || position % PAGE_BYTES !== 0) return [];
    const suited: Buffer[] = [];
    let bytes = 0;
    for (const buffer of buffers) {
      if (!isPageAligned(buffer)) break;
      const pages = buffer.subarray(0, buffer.length - (buffer.length % PAGE_BYTES));
      if (pages.length > 0) suited.push(pages);
      bytes += pages.length;
      if (pages.length < buffer.length) break;
    }
    return bytes >= WORTH_BYTES ? suited : [];
  }

  private async open(path: string, access: number): Promise<File | null> {
    if (this.refused) return null;
    try {
      return await this.fs.open(path, access | constants.O_DIRECT | constants.O_NOFOLLOW);
    } catch (error) {
      // The file may be gone, or descriptors may have run out: whoever has it open already goes on with that.
      this.noteRefusal(error);
      return null;
    }
  }
}
