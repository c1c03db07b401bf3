import type { Socket } from 'node:net';

/**
 * Whether the client resets a connection within that time after our last byte left: it leaves long before it is read, and
 * whoever gives up early on a small file does so after its answer had ended for us. Another request on the connection says
 * that the answer before it has been read.
 */
export function resetWithin(socket: Socket, milliseconds: number): Promise<boolean> {
  const { bytesRead } = socket;
  return new Promise((resolve) => {
    const settle = (reset: boolean): void => {
      clearTimeout(timer);
      socket.off('error', onError).off('end', onEnd).off('close', onClose);
      resolve(reset && socket.bytesRead === bytesRead);
    };
    const onError = ({ code }: NodeJS.ErrnoException): void => settle(code === 'ECONNRESET');
    // Who closes with bytes of ours still on their way says goodbye first, and resets the connection when they arrive.
    const onEnd = (): void => {
      if (isReset(socket)) settle(true);
    };
    const onClose = (): void => settle(false);
    const timer = setTimeout(settle, milliseconds, false).unref();
    socket.on('error', onError).on('close', onClose).prependListener('end', onEnd);
  });
}

/** Whether the system has no peer for a socket any more (getpeername: ENOTCONN), although its end was read in good order. */
function isReset(socket: Socket): boolean {
  const handle = (socket as { _handle?: { getpeername?: (into: object) => number } | null })._handle;
  return handle?.getpeername !== undefined && handle.getpeername({}) !== 0;
}
