import { connect } from 'node:net';

/** The address that every server of the bench listens on. */
export const LOOPBACK = '127.0.0.1';

/** @param {string} line @param {Record<string, string | number>} headers */
export const requestHead = (line, headers) =>
  Buffer.from(
    `${line} HTTP/1.1\r\nHost: ${LOOPBACK}\r\n${Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n`,
    'latin1',
  );

/**
 * The head of an answer, once all of it is there.
 * @param {Buffer} bytes @returns {{ status: number, headBytes: number, bodyBytes: number } | null}
 */
export function readHead(bytes) {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const head = bytes.latin1Slice(0, end + 2);
  const status = Number(head.slice(9, 12));
  const length = status === 204 ? '0' : /\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`The answer does not tell its length: ${head}`);
  return { status, headBytes: end + 4, bodyBytes: Number(length) };
}

/**
 * A connection without HTTP client and streams, which cost more than some of the servers that are measured here.
 * Bytes come in one buffer that is used again and again.
 * @param {number} port @param {{ bufferBytes: number, onData: (bytes: Buffer) => void, onEnd: (error?: Error) => void }} on
 */
export function rawConnection(port, { bufferBytes, onData, onEnd }) {
  const socket = connect({
    host: LOOPBACK,
    port,
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafeSlow(bufferBytes),
      callback: (length, buffer) => {
        onData(/** @type {Buffer} */ (buffer).subarray(0, length));
        return true;
      },
    },
  });
  socket.once('error', (error) => onEnd(error));
  socket.once('close', () => onEnd());
  return socket;
}
