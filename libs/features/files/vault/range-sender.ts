import type { ServerResponse } from 'node:http';
import type { ByteRange } from '@waybill/core/crypto';
import { BufferPool } from './buffer-pool';
import { Recipient } from './recipient';
import type { VaultObject } from './vault-object';

/** `complete`: every byte was handed to the operating system. `aborted`: the client went away, or stopped reading. */
export type SendOutcome = 'complete' | 'aborted';

/** How long a client may take nothing at all before it is cut off. */
const STALLED_MS = 2 * 60_000;

export interface RangeSenderOptions {
  pool?: BufferPool;
  stalledMs?: number;
  /** Hears how each sending ended; `broken` is one that failed on this side. */
  onEnd?: (outcome: SendOutcome | 'broken') => void;
}

/**
 * Sends plaintext to HTTP clients, and only what was verified. Written without streams, which cost a third of the speed:
 * one segment is decrypted while the next is read and the one before leaves, so a download holds at most three segments,
 * whatever the file's size.
 */
export class RangeSender {
  readonly pool: BufferPool;
  readonly #stalledMs: number;
  readonly #onEnd: (outcome: SendOutcome | 'broken') => void;

  constructor({ pool = new BufferPool(), stalledMs = STALLED_MS, onEnd }: RangeSenderOptions = {}) {
    this.pool = pool;
    this.#stalledMs = stalledMs;
    this.#onEnd = onEnd ?? (() => undefined);
  }

  /**
   * Sends a range of the object and ends the response. `begin` sets status and headers; it is called once the first
   * segment has been verified, so that damage there can still be answered with an error.
   *
   * @throws AppError what `SegmentFeed.next` throws. If the answer had begun, its connection was destroyed before: a
   * part never looks like a whole.
   */
  async send(
    res: ServerResponse,
    object: VaultObject,
    range: ByteRange,
    begin: () => void,
  ): Promise<SendOutcome> {
    const recipient = new Recipient(res, this.#stalledMs);
    const feed = object.read(range, this.pool);
    let begun = false;
    let outcome: SendOutcome | 'broken' = 'broken';
    try {
      for (;;) {
        const chunks = await feed.next();
        await recipient.flushed();
        if (recipient.gone) return (outcome = 'aborted');
        if (!begun) begin();
        begun = true;
        if (chunks === null) return (outcome = (await recipient.end()) ? 'complete' : 'aborted');
        recipient.write(chunks);
      }
    } catch (error) {
      if (begun) res.destroy();
      throw error;
    } finally {
      recipient.dispose();
      this.#onEnd(outcome);
      await feed.close();
    }
  }
}
