import { STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { closeGently } from './lingering-close';
import { SECURITY_HEADERS } from './security-headers';

/** What Node's parser calls a head that is too large, and one that does not come to its end. */
const STATUS_OF: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** Room for a credential of 64 KiB, so that it is answered as what it is: a wrong one. */
const LARGEST_HEAD = 80 * 1024;

/**
 * Bounds the heads of requests, trailers included. Node takes the bound from the server for each connection, but lets
 * only those set it who create the server.
 */
export function boundHeads(server: Server): void {
  Object.assign(server, { maxHeaderSize: LARGEST_HEAD });
}

/**
 * Whether an answer to an earlier request is on its way: whatever is written now would lie among its bytes. Node's own
 * handler asks in the same way.
 */
function isAnswering(socket: Duplex): boolean {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage?.headersSent === true;
}

/**
 * Answers what is not HTTP (a broken head, U+0000 in a header) and closes the connection. No request exists by then,
 * so there is no id, and nothing of what came is repeated.
 */
export function answerBrokenRequests(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswering(socket)) {
      socket.destroy();
      return;
    }
    const status = STATUS_OF[error.code ?? ''] ?? 400;
    const title = STATUS_CODES[status]!;
    const body = JSON.stringify({ type: 'about:blank', title, status });
    const headers = [
      ...SECURITY_HEADERS,
      ['Content-Type', 'application/problem+json'],
      ['Content-Length', body.length],
      ['Connection', 'close'],
    ];
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    closeGently(socket, `HTTP/1.1 ${status} ${title}\r\n${lines}\r\n${body}`);
  });
}
