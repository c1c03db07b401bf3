import type { IncomingMessage } from 'node:http';

/** How long the sender of an unread body has to read the answer. */
const GRACE_MS = 2_000;

/**
 * Lets an answer arrive that ends its connection although the request's body was not read (RFC 9112, section 9.6). Node
 * would close the socket as soon as the answer is written; over unread bytes the kernel makes that a reset, and a sender
 * that is still writing drops the answer with the connection. So only the sending half is closed at first. Nothing more
 * is read meanwhile: what follows on the connection is nobody's request.
 *
 * To be called before the answer is written.
 */
export function lingerAfterAnswer(request: IncomingMessage): void {
  const { socket } = request;
  // What Node calls after the last answer of a connection.
  socket.destroySoon = () => {
    socket.end();
    socket.pause();
    const timer = setTimeout(() => socket.destroy(), GRACE_MS);
    socket.once('close', () => clearTimeout(timer));
  };
}
