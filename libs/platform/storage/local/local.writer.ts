import { AppError } from '@waybill/core/kernel';
import type { ObjectWriter } from '../object-store';
import type { DirectIo } from './direct-io';
import { translated, unlinkIfThere } from './file-errors';
import type { File, FileSystem } from './file-system';

/** What a writer needs to know of its object's place. */
export interface Destination {
  partial: string;
  object: string;
  /** Makes the directory's entries durable. */
  syncDirectory(): Promise<void>;
}

const MIB = 1024 * 1024;

/**
 * How many bytes of the page cache are sent to the disk together while later ones still arrive, so that `commit()` has
 * little left to wait for: it halved the commit of 32 MiB at the same CPU (docs/decisions/0003). A quarter of what there
 * is: whoever ends after 16 MiB waits for two, and a large object is not flushed more often than is good (0006).
 */
const flushBytes = (size: number): number => Math.min(Math.max(size / 4, 2 * MIB), 8 * MIB);

/**
 * Writes to the partial name and moves the file to the object's name once its bytes are durable.
 *
 * Operations form one chain of promises. A failed one leaves the chain rejected, which is what makes every later write
 * and commit fail with the same error and forbids a second fsync after a failed one.
 */
export class LocalObjectWriter implements ObjectWriter {
  private chain: Promise<unknown> = Promise.resolve();
  private size = 0;
  /** Bytes in the page cache that no flush was begun for. */
  private unflushed = 0;
  /** Past the page cache; undefined before anything was suited for it. */
  private direct: File | null | undefined;
  private flushing?: Promise<void>;
  private flushFailure: unknown;
  private renamed = false;
  private committing?: Promise<{ size: number }>;
  private committed = false;
  private aborting?: Promise<void>;

  constructor(
    private readonly fs: FileSystem,
    private readonly file: File,
    private readonly destination: Destination,
    private readonly directIo: DirectIo,
  ) {}

  write(buffers: Buffer[]): Promise<void> {
    if (this.committing) return Promise.reject(ended());
    return this.enqueue(() => this.append(buffers));
  }

  commit(): Promise<{ size: number }> {
    if (this.aborting && !this.committing) return Promise.reject(ended());
    this.committing ??= this.enqueue(() => this.publish());
    return this.committing;
  }

  abort(): Promise<void> {
    // Never beside a running operation: the descriptor's number would be another file's at once.
    const discard = () => this.discard();
    this.aborting ??= this.chain.then(discard, discard);
    return this.aborting;
  }

  private enqueue<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.chain.then(() => {
      if (this.aborting && !this.committing) throw ended();
      return translated(operation);
    });
    // A promise that nobody awaits must not end the process: the chain tells its failure again, at the latest to commit().
    result.catch(() => undefined);
    this.chain = result;
    return result;
  }

  private async append(buffers: Buffer[]): Promise<void> {
    if (this.flushFailure) throw this.flushFailure;
    let rest = buffers.filter((buffer) => buffer.length > 0);
    while (rest.length > 0) {
      const bytesWritten = (await this.appendDirectly(rest)) || (await this.appendCached(rest));
      if (bytesWritten === 0) {
        throw new AppError('DEPENDENCY_UNAVAILABLE', 'The storage takes no more bytes.');
      }
      this.size += bytesWritten;
      rest = without(rest, bytesWritten);
    }
    this.flushBehind();
  }

  /** Writes past the page cache, as much as can go that way; answers how many bytes that were. */
  private async appendDirectly(buffers: Buffer[]): Promise<number> {
    const suited = this.directIo.suited(buffers, this.size);
    if (suited.length === 0) return 0;
    if (this.direct === undefined) this.direct = await this.directIo.openToWrite(this.destination.partial);
    if (!this.direct) return 0;
    try {
      return (await this.direct.writev(suited, this.size)).bytesWritten;
    } catch (error) {
      if (this.directIo.noteRefusal(error)) return 0;
      throw error;
    }
  }

  private async appendCached(buffers: Buffer[]): Promise<number> {
    const { bytesWritten } = await this.file.writev(buffers, this.size);
    this.unflushed += bytesWritten;
    return bytesWritten;
  }

  /** A failure counts as one of `commit()`: Linux reports lost bytes once, and a later fsync would pass over them. */
  private flushBehind(): void {
    if (this.flushing || this.flushFailure || this.unflushed < flushBytes(this.size)) return;
    this.unflushed = 0;
    this.flushing = this.file
      .datasync()
      .catch((error: unknown) => {
        this.flushFailure = error;
      })
      .finally(() => {
        this.flushing = undefined;
      });
  }

  private async publish(): Promise<{ size: number }> {
    await this.flushing;
    if (this.flushFailure) throw this.flushFailure;
    await this.file.sync();
    await this.close();
    await this.fs.rename(this.destination.partial, this.destination.object);
    this.renamed = true;
    await this.destination.syncDirectory();
    this.committed = true;
    return { size: this.size };
  }

  private async discard(): Promise<void> {
    if (this.committed) return;
    await this.flushing;
    await translated(async () => {
      try {
        await this.close();
      } finally {
        await unlinkIfThere(this.fs, this.destination.partial);
        if (this.renamed) await unlinkIfThere(this.fs, this.destination.object);
      }
    });
  }

  private async close(): Promise<void> {
    const { direct } = this;
    this.direct = null;
    try {
      await direct?.close();
    } finally {
      await this.file.close();
    }
  }
}

/** The buffers without their first `count` bytes. */
function without(buffers: Buffer[], count: number): Buffer[] {
  let skip = count;
  for (const [i, buffer] of buffers.entries()) {
    if (skip < buffer.length) return [buffer.subarray(skip), ...buffers.slice(i + 1)];
    skip -= buffer.length;
  }
  return [];
}

function ended(): AppError {
  return new AppError('INTERNAL', 'The write has ended.');
}
