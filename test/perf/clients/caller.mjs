/** Asks for one address again and again over kept connections, one request under way on each. */
import { runHelper } from '../harness/helper.mjs';
import { rawConnection, readHead, requestHead } from '../harness/raw-http.mjs';

void runHelper(async () => ({ answer: call }));

/**
 * @param {{ port: number, path: string, headers?: Record<string, string>, connections: number, seconds: number }} request
 */
async function call({ port, path, headers = {}, connections, seconds }) {
  const head = requestHead(`GET ${path}`, headers);
  const began = performance.now();
  const until = began + seconds * 1000;
  const counts = await Promise.all(Array.from({ length: connections }, () => converse(port, head, until)));
  return {
    requests: counts.reduce((sum, count) => sum + count, 0),
    seconds: (performance.now() - began) / 1000,
  };
}

/** @param {number} port @param {Buffer} head @param {number} until @returns {Promise<number>} answers */
function converse(port, head, until) {
  return new Promise((resolve, reject) => {
    let count = 0;
    /** @type {Buffer | null} */
    let pending = null;
    const socket = rawConnection(port, {
      bufferBytes: 16 * 1024,
      onEnd: (error) => reject(error ?? new Error('The server closed a kept connection.')),
      onData: (bytes) => {
        const answer = pending ? Buffer.concat([pending, bytes]) : bytes;
        const found = readHead(answer);
        if (!found || answer.length < found.headBytes + found.bodyBytes) {
          pending = Buffer.from(answer);
          return;
        }
        pending = null;
        if (found.status !== 200) {
          reject(new Error(`The answer is ${answer.toString()}`));
          socket.destroy();
          return;
        }
        count += 1;
        if (performance.now() < until) {
          socket.write(head);
          return;
        }
        resolve(count);
        socket.destroy();
      },
    });
    socket.write(head);
  });
}
