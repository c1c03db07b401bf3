/** Uploads one document by multipart/form-data, as fast as the server takes it. */
import { createRequire } from 'node:module';
import { runHelper } from '../harness/helper.mjs';
import { rawConnection, readHead, requestHead } from '../harness/raw-http.mjs';

const { largeDocument } = createRequire(import.meta.url)('../../fixtures/documents/large-document.cjs');
const BOUNDARY = 'waybill-bench-7c1f0a52d6';
const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

/** @typedef {{ status: number, body: string, seconds: number, afterLastByte: number }} Sent */

void runHelper(async ({ bytes }) => {
  /** @type {Buffer[]} */
  let chunks = [...largeDocument(bytes)];
  return {
    started: { bytes },
    answer: async (request) => {
      if (request.bytes) chunks = [...largeDocument(request.bytes)];
      if (!request.port) return null;
      return request.count ? sendMany(request, chunks) : send(request, chunks);
    },
  };
});

/**
 * The same document `count` times, `concurrency` of them at a time.
 * @param {any} request @param {Buffer[]} chunks
 * @returns {Promise<{ seconds: number, bodies: string[] }>} what was answered 201
 */
async function sendMany({ count, concurrency, ...request }, chunks) {
  /** @type {string[]} */
  const bodies = [];
  let left = count;
  const began = performance.now();
  const sendOn = async () => {
    while (left-- > 0) {
      const { status, body } = await send(request, chunks);
      if (status !== 201) throw new Error(`An upload was answered ${status}: ${body}`);
      bodies.push(body);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, sendOn));
  return { seconds: (performance.now() - began) / 1000, bodies };
}

/**
 * @param {{ port: number, path: string, headers: Record<string, string>, fileName: string }} request
 * @param {Buffer[]} chunks @returns {Promise<Sent>}
 */
function send({ port, path, headers, fileName }, chunks) {
  const open = Buffer.from(
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${fileName}"\r\n` +
      `Content-Type: ${DOCX}\r\n\r\n`,
  );
  const close = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
  const body = [open, ...chunks, close];
  const length = body.reduce((sum, { length }) => sum + length, 0);
  const head = requestHead(`POST ${path}`, {
    ...headers,
    'Content-Type': `multipart/form-data; boundary=${BOUNDARY}`,
    'Content-Length': length,
  });
  const pieces = [Buffer.concat([head, open]), ...chunks, close];
  return new Promise((resolve, reject) => {
    const began = performance.now();
    let lastByteAt = 0;
    let answer = Buffer.alloc(0);
    const socket = rawConnection(port, {
      bufferBytes: 64 * 1024,
      onEnd: (error) => reject(error ?? new Error(`The connection ended. ${answer.toString()}`)),
      onData: (bytes) => {
        answer = Buffer.concat([answer, bytes]);
        const found = readHead(answer);
        if (!found || answer.length < found.headBytes + found.bodyBytes) return;
        const now = performance.now();
        resolve({
          status: found.status,
          body: answer.subarray(found.headBytes).toString(),
          seconds: (now - began) / 1000,
          afterLastByte: (now - lastByteAt) / 1000,
        });
        socket.destroy();
      },
    });
    const next = () => {
      for (let piece = pieces.shift(); piece; piece = pieces.shift()) {
        if (pieces.length === 0) lastByteAt = performance.now();
        if (!socket.write(piece)) return;
      }
    };
    socket.on('drain', next);
    next();
  });
}
