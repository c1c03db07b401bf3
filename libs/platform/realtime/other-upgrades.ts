import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';

/**
 * Once somebody listens for upgrades, Node gives all of them to him: also `Upgrade: h2c`, by which curl and others ask in
 * passing for HTTP/2. A server may ignore what it does not speak (RFC 9110, section 7.8), so those are answered as the
 * requests that they are. Their connection is closed afterwards, and a body would be lost: who sends one is told so.
 */
export function answerUpgradesAsRequests(server: Server, ownPath: string): void {
  const own = `${ownPath.replace(/\/$/, '')}/`;
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    if (request.url?.startsWith(own)) return;
    if (hasBody(request)) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.once('finish', () => {
      response.detachSocket(socket as Socket);
      socket.end();
    });
    server.emit('request', request, response);
  });
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
