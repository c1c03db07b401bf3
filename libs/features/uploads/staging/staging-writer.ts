import { wipe } from '@waybill/core/crypto';
import type { ObjectStore } from '@waybill/platform/storage';
import type { BufferBudget } from './buffer-budget';
import { StagingPart, type SealedPart } from './staging-part';

/** How much one upload may have on its way to the store before its source is stopped, and when it may go on. */
const HIGH_WATER_BYTES = 4 * 1024 * 1024;
const LOW_WATER_BYTES = 2 * 1024 * 1024;
/** How much of it may wait for its part to be opened: what is copied, and then encrypted in one go. */
const OPENING_WATER_BYTES = 1024 * 1024;
/** One part is written while the one before it is made durable. */
const MAX_PARTS_CLOSING = 2;
/** Slow uploads close their parts less and less often, so that the longest stays below 10,000 parts. */
const PARTS_PER_SLOWDOWN = 500;
const TICK_MS = 1_000;
/** How late, at most, a writer hears that its upload was ended by another process. */
const RENEW_MS = 3_000;

/** What a writer needs of the database; every promise resolves after the commit. */
export interface StagingLedger {
  /** Registers the object of the next part, and answers its key. */
  register(): Promise<string>;
  /** Tells that the writer of these objects lives; rejects only when the upload is not its any more. */
  renew(keys: string[]): Promise<void>;
  /** Makes a durable part part of the upload. */
  commit(part: SealedPart): Promise<void>;
}

export interface StagingWriterOptions {
  uploadId: string;
  /** Where the first byte goes. */
  offset: number;
  /** The upload's staging key; wiped when the writer ends. */
  dek: Buffer;
  store: ObjectStore;
  ledger: StagingLedger;
  budget: BufferBudget;
  partBytes: number;
  partMs: number;
  leaseMs: number;
  /** The source may go on. */
  onDrain: () => void;
  /** Nothing more is taken; `abandon()` is due. Called once. */
  onError: (error: unknown) => void;
  /** It holds nothing any more. May be called again. */
  onEnd?: () => void;
}

/**
 * Takes an upload's bytes as they come and makes them durable part by part: encrypt, write, fsync, commit, with the
 * fsync of one part overlapping the bytes of the next. Commits are in order; what was committed is never lost, what
 * was not is never counted.
 *
 * Whoever makes a writer ends it, by `end()` or `abandon()`.
 */
export class StagingWriter {
  private part: StagingPart | null = null;
  private opening: Promise<void> | null = null;
  /** What came while a part was being opened, in blocks of the budget's: waiting buffers of others grow old as garbage. */
  private backlog: Buffer[] = [];
  private offset: number;
  private takenBytes: number;
  private held = 0;
  private readonly partsClosing = new Set<StagingPart>();
  private partsClosed = 0;
  private commits: Promise<void> = Promise.resolve();
  private blocked = false;
  private closed = false;
  private released = false;
  private failure: { error: unknown } | null = null;
  private renewedAt = Date.now();
  private readonly ticker: NodeJS.Timeout;

  constructor(private readonly options: StagingWriterOptions) {
    this.offset = options.offset;
    this.takenBytes = options.offset;
    options.budget.enter();
    this.ticker = setInterval(() => this.tick(), Math.min(TICK_MS, options.partMs, options.leaseMs / 3));
    this.ticker.unref();
  }

  /** How far the upload's bytes have come, those that are not durable yet included. */
  get taken(): number {
    return this.takenBytes;
  }

  /** Takes the next bytes, whose memory may be used again at once. False: stop the source until `onDrain`. */
  write(chunk: Buffer): boolean {
    if (this.closed || this.failure) return false;
    this.takenBytes += chunk.length;
    this.take(chunk);
    if (this.hasRoom(HIGH_WATER_BYTES)) return true;
    this.blocked = true;
    this.waitForRoom();
    return false;
  }

  /**
   * Closes the open part and hands it to `last`, after all others were committed; null when nothing is left to
   * commit. Rejects with the first failure.
   */
  async end<T>(last: (part: SealedPart | null) => Promise<T>): Promise<T> {
    this.closed = true;
    try {
      while (this.opening) await this.opening;
      const part = this.part;
      this.part = null;
      if (part) this.partsClosing.add(part);
      const sealed = part ? part.seal() : null;
      sealed?.catch(() => undefined);
      await this.commits;
      if (this.failure) {
        if (part) await sealed?.catch(() => part.abort());
        throw this.failure.error;
      }
      try {
        return await last(sealed ? await sealed : null);
      } catch (error) {
        await part?.abort();
        throw error;
      }
    } finally {
      this.release();
    }
  }

  /** Gives up what is not committed. Resolves when every descriptor and buffer was let go. */
  async abandon(): Promise<void> {
    this.closed = true;
    this.failure ??= { error: new Error('The upload was abandoned.') };
    while (this.opening) await this.opening;
    const part = this.part;
    this.part = null;
    await part?.abort();
    await this.commits;
    this.release();
  }

  private take(chunk: Buffer): void {
    if (!this.part) {
      this.postpone(chunk);
      this.opening ??= this.open();
      return;
    }
    const head = chunk.subarray(0, this.options.partBytes - this.part.size);
    this.part.append(head);
    this.offset += head.length;
    if (this.part.size >= this.options.partBytes) this.closePart();
    if (head.length < chunk.length) this.take(chunk.subarray(head.length));
  }

  private async open(): Promise<void> {
    const { uploadId, dek, store, ledger } = this.options;
    const { memory } = this.options.budget;
    const offset = this.offset;
    try {
      const key = await ledger.register();
      const writer = await store.create(key);
      const onHeld = (delta: number): void => this.hold(delta);
      const onError = (error: unknown): void => this.fail(error);
      this.part = new StagingPart({ uploadId, offset, key, dek, writer, memory, onHeld, onError });
    } catch (error) {
      this.fail(error);
    }
    this.opening = null;
    if (this.failure) return;
    const waiting = this.backlog;
    this.backlog = [];
    for (const chunk of waiting) {
      this.hold(-chunk.length);
      this.take(chunk);
      this.letGo(chunk);
    }
    this.drain();
  }

  private postpone(chunk: Buffer): void {
    this.hold(chunk.length);
    for (let rest = chunk; rest.length > 0;) {
      const block = this.options.budget.memory.take();
      const piece = block.subarray(0, rest.copy(block));
      this.backlog.push(piece);
      rest = rest.subarray(piece.length);
    }
  }

  /** Plaintext, which nobody who takes the block next is to find. */
  private letGo(block: Buffer): void {
    wipe(block);
    this.options.budget.memory.give(block);
  }

  private closePart(): void {
    const part = this.part!;
    this.part = null;
    this.partsClosing.add(part);
    this.partsClosed += 1;
    const sealed = part.seal();
    sealed.catch((error: unknown) => this.fail(error));
    // The order of commits is the order of bytes, whichever part is durable first; and each waits for all before it.
    this.commits = this.commits
      .then(() => sealed)
      .then((result) => {
        if (this.failure) throw this.failure.error;
        return this.options.ledger.commit(result);
      })
      .catch(async (error: unknown) => {
        this.fail(error);
        await part.abort();
      })
      .finally(() => {
        this.partsClosing.delete(part);
        this.drain();
      });
  }

  private tick(): void {
    if (this.failure) return;
    if (!this.closed) this.closeAged();
    if (Date.now() - this.renewedAt >= Math.min(this.options.leaseMs / 3, RENEW_MS)) {
      this.renewedAt = Date.now();
      const uncommitted = this.part ? [...this.partsClosing, this.part] : [...this.partsClosing];
      const keys = uncommitted.map((part) => part.key);
      this.options.ledger.renew(keys).catch((error: unknown) => this.fail(error));
    }
  }

  private closeAged(): void {
    const slowdown = 1 + Math.floor(this.partsClosed / PARTS_PER_SLOWDOWN);
    const old = this.part && Date.now() - this.part.openedAt >= this.options.partMs * slowdown;
    if (old && this.part!.size > 0 && this.partsClosing.size < MAX_PARTS_CLOSING) this.closePart();
  }

  private hasRoom(waterBytes: number): boolean {
    const limit = this.opening === null ? waterBytes : Math.min(waterBytes, OPENING_WATER_BYTES);
    return this.held < limit && this.partsClosing.size < MAX_PARTS_CLOSING && !this.options.budget.exhausted;
  }

  private readonly drain = (): void => {
    if (!this.blocked || this.closed || this.failure) return;
    if (this.hasRoom(LOW_WATER_BYTES)) {
      this.blocked = false;
      this.options.onDrain();
    } else {
      this.waitForRoom();
    }
  };

  /** A stopped source fills no batch: what was gathered goes out, or others would wait for its memory in vain. */
  private waitForRoom(): void {
    this.part?.flush();
    if (this.options.budget.exhausted) this.options.budget.whenFree(this.drain);
  }

  private hold(delta: number): void {
    this.held += delta;
    if (delta >= 0) {
      this.options.budget.take(delta);
    } else {
      this.options.budget.give(-delta);
      this.drain();
    }
  }

  private fail(error: unknown): void {
    if (this.failure || this.released) return;
    this.failure = { error };
    this.options.onError(error);
  }

  private release(): void {
    if (!this.released) this.options.budget.leave();
    this.released = true;
    clearInterval(this.ticker);
    for (const chunk of this.backlog) {
      this.hold(-chunk.length);
      this.letGo(chunk);
    }
    this.backlog = [];
    this.options.budget.forget(this.drain);
    wipe(this.options.dek);
    this.options.onEnd?.();
  }
}
