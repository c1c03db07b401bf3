import type { ServerResponse } from 'node:http';
import { releaseMemory } from '@waybill/core/kernel';

/** The client's end of a response: takes chunks, tells when it wants more, and when it is gone. */
export class Recipient {
  #full = false;
  #wake: (() => void) | null = null;

  constructor(
    private readonly res: ServerResponse,
    stalledMs: number,
  ) {
    res.on('drain', this.#onDrain).on('finish', this.#onChange).on('close', this.#onChange);
    // The response to a pipelined request hears nothing of its connection until its turn comes, which may be never.
    res.req.socket.on('close', this.#onChange);
    // Node counts a write that goes on, however slowly, as activity: this ends what takes nothing at all.
    res.setTimeout(stalledMs, this.#onStalled);
  }

  /** Whether the connection has ended, or can take nothing any more. */
  get gone(): boolean {
    return this.res.destroyed || this.res.closed || this.res.req.socket.destroyed;
  }

  /** Resolves when what was written has left, or never will. */
  async flushed(): Promise<void> {
    await this.#until(() => !this.#full);
  }

  /** Writes the chunks in one go, and tells how many bytes that were. Their memory is gone when they have left. */
  write(chunks: Buffer[]): number {
    if (this.gone) return 0;
    let bytes = 0;
    this.res.cork();
    for (const chunk of chunks) {
      bytes += chunk.length;
      this.#full = !this.res.write(chunk, () => releaseMemory(chunk));
    }
    this.res.uncork();
    return bytes;
  }

  /** Ends the response. True when all of it has left, false when the client had gone. */
  async end(): Promise<boolean> {
    this.res.end();
    await this.#until(() => this.res.writableFinished);
    return this.res.writableFinished;
  }

  dispose(): void {
    this.res.off('drain', this.#onDrain).off('finish', this.#onChange).off('close', this.#onChange);
    this.res.off('timeout', this.#onStalled);
    this.res.req.socket.off('close', this.#onChange);
  }

  async #until(reached: () => boolean): Promise<void> {
    while (!reached() && !this.gone) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  readonly #onDrain = (): void => {
    this.#full = false;
    this.#onChange();
  };

  readonly #onChange = (): void => {
    this.#wake?.();
    this.#wake = null;
  };

  readonly #onStalled = (): void => {
    this.res.destroy();
  };
}
