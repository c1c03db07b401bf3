import { Socket } from 'node:net';

/**
 * A connection that ends itself when nothing was said on it for so long. A machine that loses its power, a network that
 * forgets its connections and a failover all leave one whose end nobody is told of; the driver would wait for its answer
 * for ever, and whoever waits for the driver with it.
 *
 * @param silenceMs longer than the server lets a statement, or a transaction between two, take.
 */
export function heardSocket(silenceMs: number): Socket {
  const socket = new Socket();
  return socket.setTimeout(silenceMs, () => {
    socket.destroy(new Error(`Connection terminated: the database said nothing for ${silenceMs / 1000} s`));
  });
}
