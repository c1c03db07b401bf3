import type { ServerResponse } from 'node:http';
import { releaseMemory } from '@waybill/core/kernel';
import { BufferPool } from './buffer-pool';
import type { ByteSource } from './byte-source';
import { Recipient } from './recipient';
import { UNCOUNTED, type SendingAccount } from './sending-account';

/** `complete`: every byte was handed to the operating system. `aborted`: the client went away, or stopped reading. */
export type SendOutcome = 'complete' | 'aborted';

/** `broken`: it failed on this side. `refused`: the account did not let it begin. */
export type SendEnd = SendOutcome | 'broken' | 'refused';

/** How long a client may take nothing at all before it is cut off. */
const STALLED_MS = 2 * 60_000;

export interface RangeSenderOptions {
  pool?: BufferPool;
  stalledMs?: number;
  /** Hears how each sending ended. */
  onEnd?: (end: SendEnd) => void;
}

/**
 * Sends plaintext to HTTP clients, and only what was verified. Written without streams, which cost a third of the speed:
 * one segment is decrypted while the next is read and the one before leaves, so a download holds at most three segments,
 * whatever the file's size.
 */
export class RangeSender {
  readonly pool: BufferPool;
  readonly #stalledMs: number;
  readonly #onEnd: (end: SendEnd) => void;

  constructor({ pool = new BufferPool(), stalledMs = STALLED_MS, onEnd }: RangeSenderOptions = {}) {
    this.pool = pool;
    this.#stalledMs = stalledMs;
    this.#onEnd = onEnd ?? (() => undefined);
  }

  /**
   * Sends what the source has, ends the response, and closes the source. `begin` sets status and headers; it is called once
   * the first bytes have been verified and the account lets them go, so that damage or a refusal there can still be
   * answered with an error.
   *
   * @throws AppError what the source and the account throw. If the answer had begun, its connection was destroyed before:
   * a part never looks like a whole.
   */
  async send(
    res: ServerResponse,
    source: ByteSource,
    begin: () => void,
    account: SendingAccount = UNCOUNTED,
  ): Promise<SendOutcome> {
    const recipient = new Recipient(res, this.#stalledMs);
    let begun = false;
    let end: SendEnd = 'broken';
    try {
      for (;;) {
        const chunks = await source.next();
        await recipient.flushed();
        if (recipient.gone) {
          chunks?.forEach(releaseMemory);
          return (end = 'aborted');
        }
        if (!begun) {
          end = 'refused';
          await account.begin();
          end = 'broken';
          if (recipient.gone) return (end = 'aborted');
          begin();
          begun = true;
        }
        if (source.exhausted) await account.recorded();
        if (chunks === null) return (end = (await recipient.end()) ? 'complete' : 'aborted');
        account.wrote(recipient.write(chunks));
      }
    } catch (error) {
      if (begun) res.destroy();
      throw error;
    } finally {
      recipient.dispose();
      this.#onEnd(end);
      await source.close();
    }
  }
}
