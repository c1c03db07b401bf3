import type { IncomingMessage } from 'node:http';
import { AppError, releaseMemory } from '@waybill/core/kernel';
import { SenderPace } from '../multipart/sender-pace';

/** How the bytes of a request came to their end. */
export type BodyEnd = 'whole' | 'broken' | 'yielded';

/** After how long a silence a sender loses its place to another request. */
const SILENT_MS = 1_500;
/** Who waits asks again and again; when nobody has for so long, nobody waits any more. */
const ASKED_MS = 2_000;
const TICK_MS = 100;

/**
 * Reads the body of a request as it comes, without a Node stream between socket and disk. It ends with the body, with
 * the connection, or when its sender is silent and another request asks for its place: whatever came until then counts.
 */
export class BodyReception {
  private readonly pace: SenderPace;
  private readonly ended: Promise<BodyEnd>;
  private end!: (how: BodyEnd) => void;
  private reject!: (error: unknown) => void;
  private taken = 0;
  private paused = false;
  private over = false;
  private silentMs = 0;
  private askedMs = 0;
  private yielding: NodeJS.Timeout | undefined;

  constructor(
    private readonly request: IncomingMessage,
    private readonly limits: { maxBytes: number; idleMs: number },
  ) {
    this.ended = new Promise((resolve, reject) => {
      this.end = resolve;
      this.reject = reject;
    });
    this.ended.catch(() => undefined);
    this.pace = new SenderPace(limits.idleMs, () => this.end('broken'));
  }

  /** Bytes that were handed on. */
  get bytes(): number {
    return this.taken;
  }

  /**
   * Hands the bytes to `write`, which answers whether it can take more; if not, `resume` is to be called. Their memory is
   * gone when it returns.
   *
   * @throws AppError FILE_TOO_LARGE as soon as there are more bytes than allowed; or what `fail` was given.
   */
  async receive(write: (chunk: Buffer) => boolean): Promise<BodyEnd> {
    const { request } = this;
    const onData = (chunk: Buffer): void => {
      this.silentMs = 0;
      this.pace.received(chunk.length);
      if (this.taken + chunk.length > this.limits.maxBytes) {
        this.fail(new AppError('FILE_TOO_LARGE', 'There are more bytes than this upload may have.'));
        return;
      }
      this.taken += chunk.length;
      if (!write(chunk)) this.pause();
      // Nobody else was given it: a fresh buffer for each read of the socket.
      releaseMemory(chunk);
    };
    const onEnd = (): void => this.end('whole');
    const onClose = (): void => this.end('broken');
    request.on('data', onData).once('end', onEnd).once('close', onClose).on('error', onClose);
    // Whoever left while he was still being asked who he is closes no second time; a body may have been read before.
    if (request.readableEnded) onEnd();
    else if (request.destroyed) onClose();
    try {
      return await this.ended;
    } finally {
      this.over = true;
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      this.pause();
      this.pace.stop();
      clearInterval(this.yielding);
    }
  }

  /** There is room again. */
  readonly resume = (): void => {
    if (this.over) return;
    this.paused = false;
    this.pace.resume();
    this.request.resume();
  };

  /** Ends the reception: nothing of the body that is not durable counts. */
  readonly fail = (error: unknown): void => {
    // What is still to come must not be taken while the failure makes its way.
    this.pause();
    this.reject(error);
  };

  /**
   * Ends the reception as soon as its sender falls silent: another request waits to go on with the upload, and one that
   * sends still is not to be taken for dead. Time is counted in ticks: a process that was itself held up has heard
   * nobody meanwhile.
   */
  readonly yield = (): void => {
    if (this.over) return;
    this.askedMs = 0;
    this.yielding ??= setInterval(() => this.tick(), TICK_MS);
  };

  private tick(): void {
    this.silentMs = this.paused ? 0 : this.silentMs + TICK_MS;
    this.askedMs += TICK_MS;
    if (this.silentMs >= SILENT_MS) this.end('yielded');
    if (this.askedMs < ASKED_MS) return;
    clearInterval(this.yielding);
    this.yielding = undefined;
    this.silentMs = 0;
  }

  private pause(): void {
    this.paused = true;
    this.pace.pause();
    this.request.pause();
  }
}
