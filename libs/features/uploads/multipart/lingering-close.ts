import type { IncomingMessage, ServerResponse } from 'node:http';

/** How much of a refused body is still read, so that its sender gets to see the answer. */
const GRACE_BYTES = 64 * 1024;
const GRACE_MS = 2_000;

/**
 * Ends a request whose body will not be read: the answer says `Connection: close`, a little of what is still on its
 * way is read and thrown away, because a socket that is closed over unread bytes is reset and takes the answer with
 * it, and then the socket goes (RFC 9112, section 9.6).
 */
export function closeAfterAnswer(request: IncomingMessage, response: ServerResponse): void {
  if (response.headersSent || request.complete) return;
  response.setHeader('Connection', 'close');
  response.once('finish', () => {
    const { socket } = request;
    let left = GRACE_BYTES;
    const timer = setTimeout(() => socket.destroy(), GRACE_MS);
    request.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) socket.destroy();
    });
    request.once('end', () => socket.destroy());
    socket.once('close', () => clearTimeout(timer));
    request.resume();
  });
}
