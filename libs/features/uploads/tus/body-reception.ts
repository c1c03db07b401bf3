import type { IncomingMessage } from 'node:http';
import { AppError } from '@waybill/core/kernel';
import { SenderPace } from '../multipart/sender-pace';

/** How the bytes of a request came to their end. */
export type BodyEnd = 'whole' | 'broken' | 'yielded';

/** A sender that is heard of may finish what it is about, for so long, when somebody waits for its place. */
const FINISH_MS = 2_000;
const SILENT_MS = 500;

/**
 * Reads the body of a request as it comes, without a Node stream between socket and disk. It ends with the body, with
 * the connection, or when another request asks for its place: whatever came until then counts.
 */
export class BodyReception {
  private readonly pace: SenderPace;
  private readonly ended: Promise<BodyEnd>;
  private end!: (how: BodyEnd) => void;
  private reject!: (error: unknown) => void;
  private heardAt = Date.now();
  private taken = 0;
  private over = false;
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
   * Hands the bytes to `write`, which answers whether it can take more; if not, `resume` is to be called.
   *
   * @throws AppError FILE_TOO_LARGE as soon as there are more bytes than allowed; or what `fail` was given.
   */
  async receive(write: (chunk: Buffer) => boolean): Promise<BodyEnd> {
    const { request } = this;
    const onData = (chunk: Buffer): void => {
      this.heardAt = Date.now();
      this.pace.received(chunk.length);
      if (this.taken + chunk.length > this.limits.maxBytes) {
        this.fail(new AppError('FILE_TOO_LARGE', 'There are more bytes than this upload may have.'));
        return;
      }
      this.taken += chunk.length;
      if (!write(chunk)) this.pause();
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
      clearTimeout(this.yielding);
    }
  }

  /** There is room again. */
  readonly resume = (): void => {
    if (this.over) return;
    this.pace.resume();
    this.request.resume();
  };

  /** Ends the reception: nothing of the body that is not durable counts. */
  readonly fail = (error: unknown): void => {
    // What is still to come must not be taken while the failure makes its way.
    this.pause();
    this.reject(error);
  };

  /** Ends the reception soon, so that another request can go on with the upload. */
  readonly yield = (): void => {
    if (this.over) return;
    const silent = Date.now() - this.heardAt >= SILENT_MS;
    this.yielding ??= setTimeout(() => this.end('yielded'), silent ? 0 : FINISH_MS);
  };

  private pause(): void {
    this.pace.pause();
    this.request.pause();
  }
}
