/** Uploads one document by tus 1.0.0 over one kept connection, in as many PATCH requests as it is told. */
import { createRequire } from 'node:module';
import { runHelper } from '../harness/helper.mjs';
import { LOOPBACK, rawConnection, readHead, requestHead } from '../harness/raw-http.mjs';

const { largeDocument } = createRequire(import.meta.url)('../../fixtures/documents/large-document.cjs');
const TUS = { 'Tus-Resumable': '1.0.0' };
const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

void runHelper(async () => {
  let bytes = 0;
  /** @type {Buffer[]} */
  let chunks = [];
  return {
    answer: async (request) => {
      if (!request.document) return upload(request, chunks, bytes);
      bytes = request.document;
      chunks = [...largeDocument(bytes)];
    },
  };
});

/**
 * @param {{ port: number, path: string, headers: Record<string, string>, fileName: string, patches: number }} request
 * @param {Buffer[]} chunks @param {number} bytes of all chunks
 * @returns {Promise<{ seconds: number, slowestAnswer: number, location: string }>}
 *   seconds: from the first byte to the acknowledgement of the last, without the creation. slowestAnswer: the longest,
 *   in seconds, from the last byte of a PATCH to its answer
 */
async function upload({ port, path, headers, fileName, patches }, chunks, bytes) {
  const address = await create(`http://${LOOPBACK}:${port}${path}`, headers, fileName, bytes);
  const connection = new Conversation(port);
  try {
    let slowestAnswer = 0;
    const began = performance.now();
    for (const { offset, length, pieces } of cut(chunks, Math.ceil(bytes / patches))) {
      const head = requestHead(`PATCH ${address}`, {
        ...headers,
        ...TUS,
        'Upload-Offset': offset,
        'Content-Type': 'application/offset+octet-stream',
        'Content-Length': length,
      });
      const answer = await connection.ask(head, pieces);
      if (answer.status !== 204) throw new Error(`A PATCH at ${offset} was answered ${answer.text}`);
      slowestAnswer = Math.max(slowestAnswer, answer.afterLastByte);
    }
    return { seconds: (performance.now() - began) / 1000, slowestAnswer, location: address };
  } finally {
    connection.end();
  }
}

/**
 * @param {string} url @param {Record<string, string>} headers @param {string} fileName @param {number} bytes
 * @returns {Promise<string>} the path of the upload
 */
async function create(url, headers, fileName, bytes) {
  const base64 = (/** @type {string} */ text) => Buffer.from(text).toString('base64');
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      ...headers,
      ...TUS,
      'Upload-Length': String(bytes),
      'Upload-Metadata': `filename ${base64(fileName)},filetype ${base64(DOCX)}`,
    },
  });
  const location = response.headers.get('location');
  if (response.status !== 201 || !location) {
    throw new Error(`The creation was answered ${response.status}: ${await response.text()}`);
  }
  return new URL(location, url).pathname;
}

/** Views of the chunks, `size` bytes together, the last fewer. @param {Buffer[]} chunks @param {number} size */
function* cut(chunks, size) {
  let offset = 0;
  let length = 0;
  /** @type {Buffer[]} */
  let pieces = [];
  for (const chunk of chunks) {
    for (let rest = chunk; rest.length > 0;) {
      const piece = rest.subarray(0, size - length);
      pieces.push(piece);
      length += piece.length;
      rest = rest.subarray(piece.length);
      if (length < size) continue;
      yield { offset, length, pieces };
      offset += length;
      length = 0;
      pieces = [];
    }
  }
  if (length > 0) yield { offset, length, pieces };
}

/** One request after the other on one connection. */
class Conversation {
  /** What came of the answer. */
  #answer = Buffer.alloc(0);
  #onAnswer = () => {};
  /** @type {(error: Error) => void} */
  #onEnd = () => {};
  #socket;

  /** @param {number} port */
  constructor(port) {
    this.#socket = rawConnection(port, {
      bufferBytes: 64 * 1024,
      onEnd: (error) => this.#onEnd(error ?? new Error(`The connection ended. ${this.#answer.toString()}`)),
      onData: (bytes) => {
        this.#answer = Buffer.concat([this.#answer, bytes]);
        this.#onAnswer();
      },
    });
  }

  /**
   * @param {Buffer} head @param {Buffer[]} pieces the body
   * @returns {Promise<{ status: number, text: string, afterLastByte: number }>}
   */
  ask(head, pieces) {
    const queue = [head, ...pieces];
    let lastByteAt = 0;
    return new Promise((resolve, reject) => {
      this.#onEnd = reject;
      this.#onAnswer = () => {
        const found = readHead(this.#answer);
        if (!found || this.#answer.length < found.headBytes + found.bodyBytes) return;
        const afterLastByte = (performance.now() - lastByteAt) / 1000;
        const text = this.#answer.toString();
        this.#answer = Buffer.alloc(0);
        this.#socket.off('drain', next);
        resolve({ status: found.status, text, afterLastByte });
      };
      const next = () => {
        for (let piece = queue.shift(); piece; piece = queue.shift()) {
          if (queue.length === 0) lastByteAt = performance.now();
          if (!this.#socket.write(piece)) return;
        }
      };
      this.#socket.on('drain', next);
      next();
    });
  }

  end() {
    this.#onEnd = () => {};
    this.#socket.destroy();
  }
}
