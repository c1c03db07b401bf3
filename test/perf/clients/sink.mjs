/** Downloads one address over several connections at once and throws the bytes away. */
import { createHash } from 'node:crypto';
import { runHelper } from '../harness/helper.mjs';
import { rawConnection, readHead, requestHead } from '../harness/raw-http.mjs';

const BUFFER_BYTES = 512 * 1024;

void runHelper(async () => ({ answer: download }));

/**
 * @param {{ port: number, path: string, headers?: Record<string, string>, clients: number, digest?: boolean }} request
 *   digest: also computes the SHA-256, which is slower than any server
 */
async function download({ port, path, headers = {}, clients, digest = false }) {
  const began = performance.now();
  const received = await Promise.all(
    Array.from({ length: clients }, () => downloadOnce(port, requestHead(`GET ${path}`, headers), digest)),
  );
  const seconds = (performance.now() - began) / 1000;
  return { seconds, bytes: received.reduce((sum, { bytes }) => sum + bytes, 0), sha256: received[0].sha256 };
}

/** @param {number} port @param {Buffer} head @param {boolean} digest @returns {Promise<{ bytes: number, sha256: string }>} */
function downloadOnce(port, head, digest) {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    /** What came before the head was complete. @type {Buffer} */
    let begun = Buffer.alloc(0);
    let expected = -1;
    let got = 0;
    const socket = rawConnection(port, {
      bufferBytes: BUFFER_BYTES,
      onEnd: (error) => reject(error ?? new Error(`The connection ended after ${got} of ${expected} bytes.`)),
      onData: (bytes) => {
        let content = bytes;
        if (expected === -1) {
          begun = Buffer.concat([begun, bytes]);
          const found = readHead(begun);
          if (!found) return;
          if (found.status !== 200) {
            reject(new Error(`The answer is ${begun.subarray(0, 2_000).toString()}`));
            socket.destroy();
            return;
          }
          expected = found.bodyBytes;
          content = begun.subarray(found.headBytes);
        }
        got += content.length;
        if (digest) hash.update(content);
        if (got < expected) return;
        resolve({ bytes: got, sha256: digest ? hash.digest('hex') : '' });
        socket.destroy();
      },
    });
    socket.write(head);
  });
}
