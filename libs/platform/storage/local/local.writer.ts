import { AppError } from '@waybill/core/kernel';
import type { ObjectWriter } from '../object-store';
import type { DirectIo } from './direct-io';
import { translated, unlinkIfThere } from './file-errors';
import type { File, FileSystem } from './file-system';

/** What a writer needs to know of its object's place. */
export interface Destination {
  partial: string;
  object: string;
  /** The directory of both, whose sync makes its entries durable. */
  openDirectory(): Promise<File>;
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
 * Two writes are on their way at once, so that the disk need not wait for the event loop in between; each knows its place
 * in the file. Otherwise operations form one chain of promises. A failed one leaves the chain rejected, which forbids a
 * commit, and a second fsync after a failed one; no write begins after it.
 */
export class LocalObjectWriter implements ObjectWriter {
  /** All operations until now. */
  private chain: Promise<unknown> = Promise.resolve();
  /** All operations but the latest write. */
  private earlier: Promise<unknown> = this.chain;
  /** Where the next write begins. */
  private size = 0;
  /** Bytes in the page cache that no flush was begun for. */
  private unflushed = 0;
  /** Past the page cache; undefined before anything was suited for it. */
  private direct: Promise<File | null> | undefined;
  /** Of the first write that failed. */
  private failure?: { error: unknown };
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
    const position = this.size;
    this.size += lengthOf(buffers);
    const written = this.after(this.earlier, () => this.put(buffers, position));
    written.catch((error: unknown) => (this.failure ??= { error }));
    this.earlier = this.chain;
    this.chain = handled(both(this.chain, written));
    return written;
  }

  commit(): Promise<{ size: number }> {
    if (this.aborting && !this.committing) return Promise.reject(ended());
    this.committing ??= this.after(this.chain, () => this.publish());
    this.chain = this.committing;
    return this.committing;
  }

  abort(): Promise<void> {
    // Never beside a running operation: the descriptor's number would be another file's at once.
    const discard = () => this.discard();
    this.aborting ??= this.chain.then(discard, discard);
    return this.aborting;
  }

  private after<T>(before: Promise<unknown>, operation: () => Promise<T>): Promise<T> {
    const result = before.then(() => {
      if (this.aborting && !this.committing) throw ended();
      return translated(operation);
    });
    return handled(result);
  }

  private async put(buffers: Buffer[], position: number): Promise<void> {
    if (this.failure) throw this.failure.error;
    if (this.flushFailure) throw this.flushFailure;
    let rest = joined(buffers.filter((buffer) => buffer.length > 0));
    for (let at = position; rest.length > 0;) {
      const bytesWritten = (await this.putDirectly(rest, at)) || (await this.putCached(rest, at));
      if (bytesWritten === 0) {
        throw new AppError('DEPENDENCY_UNAVAILABLE', 'The storage takes no more bytes.');
      }
      at += bytesWritten;
      rest = without(rest, bytesWritten);
    }
    this.flushBehind();
  }

  /** Writes past the page cache, as much as can go that way; answers how many bytes that were. */
  private async putDirectly(buffers: Buffer[], position: number): Promise<number> {
    const suited = this.directIo.suited(buffers, position);
    if (suited.length === 0) return 0;
    this.direct ??= this.directIo.openToWrite(this.destination.partial);
    const direct = await this.direct;
    if (!direct) return 0;
    try {
      return (await direct.writev(suited, position)).bytesWritten;
    } catch (error) {
      if (this.directIo.noteRefusal(error)) return 0;
      throw error;
    }
  }

  private async putCached(buffers: Buffer[], position: number): Promise<number> {
    const { bytesWritten } = await this.file.writev(buffers, position);
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
    // Each trip to the threads of file I/O costs as much as a sync may: what need not wait for another goes beside it.
    const opening = handled(this.destination.openDirectory());
    try {
      await this.file.sync();
      await this.fs.rename(this.destination.partial, this.destination.object);
      this.renamed = true;
      const directory = await opening;
      await both(directory.sync(), this.close());
    } finally {
      await (await opening.catch(() => null))?.close();
    }
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
    this.direct = undefined;
    try {
      await (await direct)?.close();
    } finally {
      await this.file.close();
    }
  }
}

/** The buffers, neighbours in memory as one: each costs its part of a write. */
function joined(buffers: Buffer[]): Buffer[] {
  const whole: Buffer[] = [];
  for (const buffer of buffers) {
    const last = whole.at(-1);
    if (last?.buffer === buffer.buffer && last.byteOffset + last.length === buffer.byteOffset) {
      whole[whole.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + buffer.length);
    } else {
      whole.push(buffer);
    }
  }
  return whole;
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

function lengthOf(buffers: Buffer[]): number {
  return buffers.reduce((sum, { length }) => sum + length, 0);
}

/** Resolves or rejects when neither is under way any more, with the first of their failures. */
async function both(...operations: [Promise<unknown>, Promise<unknown>]): Promise<void> {
  for (const outcome of await Promise.allSettled(operations)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}

/** A promise that nobody awaits must not end the process: the chain tells its failure again, at the latest to `commit()`. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function ended(): AppError {
  return new AppError('INTERNAL', 'The write has ended.');
}
