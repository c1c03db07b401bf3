import type { Socket } from 'node:net';

/**
 * Notices that a client resets its connection instead of reading what was sent to it: bytes leave long before they are
 * read, and whoever gives up early on a small file does so when its last byte has left. To be made before the first byte
 * leaves, as the reset may be noticed before the answer's own end is.
 */
export class ResetWatch {
  private reset = false;
  private settled: ((reset: boolean) => void) | null = null;

  constructor(private readonly socket: Socket) {
    socket.on('error', this.onError).on('close', this.onClose).prependListener('end', this.onEnd);
  }

  /**
   * Whether it was reset, or is within that time. Another request on the connection says that the answer before it has been
   * read. The watch ends with the answer to this.
   */
  async within(milliseconds: number): Promise<boolean> {
    if (this.reset || this.socket.destroyed) {
      this.dispose();
      return this.reset;
    }
    const { bytesRead } = this.socket;
    const timeout = setTimeout(() => this.settled?.(false), milliseconds).unref();
    const reset = await new Promise<boolean>((resolve) => (this.settled = resolve));
    clearTimeout(timeout);
    this.dispose();
    return reset && this.socket.bytesRead === bytesRead;
  }

  dispose(): void {
    this.socket.off('error', this.onError).off('close', this.onClose).off('end', this.onEnd);
  }

  private notice(reset: boolean): void {
    this.reset ||= reset;
    this.settled?.(this.reset);
  }

  private readonly onError = ({ code }: NodeJS.ErrnoException): void => this.notice(code === 'ECONNRESET');

  /** Who closes with bytes of ours still on their way says goodbye first, and resets the connection when they arrive. */
  private readonly onEnd = (): void => {
    if (isReset(this.socket)) this.notice(true);
  };

  private readonly onClose = (): void => this.notice(false);
}

/** Whether the system has no peer for a socket any more (getpeername: ENOTCONN), although its end was read in good order. */
function isReset(socket: Socket): boolean {
  const handle = (socket as { _handle?: { getpeername?: (into: object) => number } | null })._handle;
  return handle?.getpeername !== undefined && handle.getpeername({}) !== 0;
}
