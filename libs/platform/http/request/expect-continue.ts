import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/**
 * Asks for a body that waits to be asked for (`Expect: 100-continue`, RFC 9110, section 10.1.1) when it is about to be
 * read, and not before, as Node would: whoever is refused for what the head says (who he is, how much he brings) need
 * not send a byte more.
 */
export function continueWhenRead(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    const { shouldKeepAlive } = response;
    const read = request._read.bind(request);
    // A final answer instead leaves open whether the body comes: nothing else can follow on the connection.
    response.shouldKeepAlive = false;
    request._read = (size) => {
      request._read = read;
      if (!response.headersSent) {
        response.shouldKeepAlive = shouldKeepAlive;
        response.writeContinue();
      }
      read(size);
    };
    server.emit('request', request, response);
  });
}
