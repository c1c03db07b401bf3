import { Worker } from 'node:worker_threads';
import { wipe } from './wipe';

/** Slots of half a megabyte cost four messages for each MiB; four of them keep both threads busy. */
const SLOT_BYTES = 512 * 1024;
const SLOTS = 4;

/** Bytes `start` to `end` of the shared memory, which are the next to be hashed; null: there are no more. */
type Order = { slot: number; start: number; end: number } | null;
/** The number of a slot that may be filled again, or the digest. */
type Answer = number | Uint8Array;

/**
 * SHA-256 in a thread of its own, for whoever has other work to do with the same bytes meanwhile. Bytes are copied
 * into a ring of shared memory, so that the caller may use theirs again at once, and nothing grows.
 *
 * It starts with about 25 ms of CPU, and costs 8 MiB while it lives: it pays from some 64 MiB on. Whoever makes one
 * ends it with `dispose()`, whatever happened.
 */
export class Sha256Thread {
  readonly #memory = Buffer.from(new SharedArrayBuffer(SLOTS * SLOT_BYTES));
  readonly #thread: Worker;
  readonly #free = Array.from({ length: SLOTS }, (_, slot) => slot);
  /** The slot that is being filled. */
  #slot: number | null = null;
  #filled = 0;
  #digest: Buffer | null = null;
  #failure: Error | null = null;
  /** Called when the thread has answered, or died; replaced by whoever waits for it. */
  #wake: () => void = () => undefined;

  constructor() {
    // Neither the environment nor the options of this process are the thread's business.
    const options = { eval: true, workerData: this.#memory.buffer, env: {}, execArgv: [] };
    this.#thread = new Worker(`(${hashOrders.toString()})()`, options);
    this.#thread.on('message', (answer: Answer) => {
      if (typeof answer === 'number') this.#free.push(answer);
      else this.#digest = Buffer.from(answer);
      this.#wake();
    });
    const fail = (error: Error): void => {
      this.#failure ??= error;
      this.#wake();
    };
    this.#thread.once('error', fail);
    this.#thread.once('exit', () => fail(new Error('The hashing thread has ended.')));
  }

  /** Resolves when the bytes were copied; waits while the thread is behind. Rejects when the thread has died. */
  async update(chunk: Uint8Array): Promise<void> {
    for (let rest = chunk; rest.length > 0;) {
      this.#slot ??= await this.#answered(() => this.#free.shift());
      const piece = rest.subarray(0, SLOT_BYTES - this.#filled);
      this.#memory.set(piece, this.#slot * SLOT_BYTES + this.#filled);
      this.#filled += piece.length;
      rest = rest.subarray(piece.length);
      if (this.#filled === SLOT_BYTES) this.#send();
    }
  }

  /** The 32 bytes; ends the computation. Rejects when the thread has died. */
  async digest(): Promise<Buffer> {
    this.#send();
    this.#order(null);
    return this.#answered(() => this.#digest);
  }

  /** Ends the thread, wherever it is, and overwrites the bytes that it was given. */
  async dispose(): Promise<void> {
    await this.#thread.terminate();
    wipe(this.#memory);
  }

  /** What `take` finds, as soon as it finds something. */
  async #answered<T>(take: () => T | null | undefined): Promise<T> {
    for (;;) {
      if (this.#failure) throw this.#failure;
      const found = take();
      if (found !== null && found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #send(): void {
    if (this.#slot === null) return;
    const start = this.#slot * SLOT_BYTES;
    this.#order({ slot: this.#slot, start, end: start + this.#filled });
    this.#slot = null;
    this.#filled = 0;
  }

  #order(order: Order): void {
    this.#thread.postMessage(order);
  }
}

/** What the thread does. It is started from its source text, and so may use nothing of this module. */
function hashOrders(): void {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');
  const memory = new Uint8Array(workerData as SharedArrayBuffer);
  const hash = createHash('sha256');
  parentPort!.on('message', (order: Order) => {
    if (order === null) return parentPort!.postMessage(hash.digest());
    hash.update(memory.subarray(order.start, order.end));
    parentPort!.postMessage(order.slot);
  });
}
