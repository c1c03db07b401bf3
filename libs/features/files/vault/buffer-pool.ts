import { AES256_GCM_HKDF_1MB } from '@waybill/core/crypto';

/** Big enough for any one sealed segment. */
const BUFFER_BYTES = AES256_GCM_HKDF_1MB.segmentSize;
/** What all downloads of a process may hold at once. */
const MAX_BUFFERS = 32;
/** What is kept for the next download; the rest goes back to the system after a rush. */
const KEPT_BUFFERS = 8;

/** A buffer lent to one reader. */
export interface BufferLease {
  readonly buffer: Buffer;
  /** Lets the pool take the buffer back should somebody need it more. Its contents are kept until then. */
  park(): void;
  /** Ends the parking. False when the pool took the buffer: the lease is over. */
  unpark(): boolean;
  /** Gives the buffer back. Idempotent. */
  release(): void;
}

/**
 * The read buffers of all downloads of this process: a fixed number, used again and again, because fresh megabytes cost
 * more page faults than their decryption costs time.
 *
 * A download that waits for a slow client parks what it has read ahead. So clients that do not read cannot starve those
 * that do: the oldest parked buffer is taken, and its owner reads again when its client does.
 */
export class BufferPool {
  readonly #free: Buffer[] = [];
  /** In the order of parking: a Set keeps it. */
  readonly #parked = new Set<Lease>();
  readonly #waiting: ((lease: BufferLease) => void)[] = [];
  readonly #maxBuffers: number;
  #lent = 0;

  constructor(maxBuffers = MAX_BUFFERS) {
    if (maxBuffers < 1) throw new RangeError('A pool needs a buffer.');
    this.#maxBuffers = maxBuffers;
  }

  /** Buffers that are lent and not parked; for tests and metrics. */
  get busy(): number {
    return this.#lent - this.#parked.size;
  }

  /** Buffers that are lent, parked ones included. */
  get lent(): number {
    return this.#lent;
  }

  /** A buffer of one segment, at once or as soon as there is one; first come, first served. */
  acquire(): Promise<BufferLease> {
    const buffer = this.#lent < this.#maxBuffers ? this.#take() : this.#reclaim();
    if (buffer !== null) return Promise.resolve(this.#lend(buffer));
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }

  #lend(buffer: Buffer): Lease {
    this.#lent += 1;
    return new Lease(
      buffer,
      (lease) => this.#onPark(lease),
      (lease) => this.#parked.delete(lease),
      (returned) => this.#onReturn(returned),
    );
  }

  #reclaim(): Buffer | null {
    const [oldest] = this.#parked;
    if (oldest === undefined) return null;
    this.#parked.delete(oldest);
    this.#lent -= 1;
    return oldest.revoke();
  }

  #onPark(lease: Lease): void {
    this.#parked.add(lease);
    const next = this.#waiting.shift();
    if (next !== undefined) next(this.#lend(this.#reclaim()!));
  }

  #onReturn(buffer: Buffer): void {
    this.#lent -= 1;
    const next = this.#waiting.shift();
    if (next !== undefined) next(this.#lend(buffer));
    else if (this.#free.length < KEPT_BUFFERS) this.#free.push(buffer);
  }
}

class Lease implements BufferLease {
  #buffer: Buffer | null;

  constructor(
    buffer: Buffer,
    private readonly onPark: (lease: Lease) => void,
    private readonly onUnpark: (lease: Lease) => void,
    private readonly onReturn: (buffer: Buffer) => void,
  ) {
    this.#buffer = buffer;
  }

  get buffer(): Buffer {
    if (this.#buffer === null) throw new Error('The lease of this buffer is over.');
    return this.#buffer;
  }

  park(): void {
    if (this.#buffer !== null) this.onPark(this);
  }

  unpark(): boolean {
    if (this.#buffer === null) return false;
    this.onUnpark(this);
    return true;
  }

  release(): void {
    const buffer = this.#buffer;
    if (buffer === null) return;
    this.#buffer = null;
    this.onUnpark(this);
    this.onReturn(buffer);
  }

  /** The pool takes the buffer: whoever holds the lease finds it over. */
  revoke(): Buffer {
    const { buffer } = this;
    this.#buffer = null;
    return buffer;
  }
}
