import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** How long the sender of what is not read has to read the answer. */
const GRACE_MS = 2_000;
/** How long a sender may go on with a body that was answered already, before its connection is cut. */
const LINGER_MS = 10_000;

/**
 * Closes a connection so that its last answer arrives (RFC 9112, section 9.6). A socket that is closed over unread bytes
 * is reset by the kernel, and a sender that is still writing drops the answer with the connection. So only the sending
 * half is closed at first. Nothing more is read meanwhile: what follows on the connection is nobody's request.
 */
export function closeGently(socket: Duplex, lastBytes = ''): void {
  socket.end(lastBytes);
  socket.pause();
  const timer = setTimeout(() => socket.destroy(), GRACE_MS);
  socket.once('close', () => clearTimeout(timer));
}

/**
 * Lets an answer arrive that ends its connection although the request's body was not read; Node would close the socket
 * as soon as it is written. To be called before that.
 */
export function lingerAfterAnswer({ socket }: IncomingMessage): void {
  // What Node calls after the last answer of a connection.
  socket.destroySoon = () => closeGently(socket);
}

/** Ends the connection of a request that was answered and whose body goes on for too long: Node reads on as long as it comes. */
export function lingerBriefly(request: IncomingMessage): void {
  const { socket } = request;
  const timer = setTimeout(() => {
    stop();
    if (!request.complete) socket.destroy();
  }, LINGER_MS);
  timer.unref();
  const stop = (): void => {
    clearTimeout(timer);
    request.off('close', stop);
    socket.off('close', stop);
  };
  // A request that broke off was closed before its answer: then only its connection tells that nothing follows.
  request.once('close', stop);
  socket.once('close', stop);
}
