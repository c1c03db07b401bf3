import type { IncomingMessage } from 'node:http';
import { AppError } from '@waybill/core/kernel';

export interface BodyLimits {
  bytes: number;
  milliseconds: number;
}

/** Whether a request has a body (RFC 9112, section 6.3). */
export function hasBody(request: IncomingMessage): boolean {
  const { 'transfer-encoding': coding, 'content-length': length } = request.headers;
  return coding !== undefined || (length !== undefined && length !== '0');
}

/**
 * Reads a small body whole.
 *
 * @throws AppError FILE_TOO_LARGE beyond the limit; MALFORMED_BODY when it ends early or takes too long. Both ask for
 * the connection to be closed, since the rest of the body would still be on it.
 */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limits.bytes) throw tooLarge(limits);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('error', onLost).off('close', onLost);
      end();
    };
    const fail = (error: AppError): void =>
      settle(() => {
        request.pause();
        reject(error);
      });
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limits.bytes) fail(tooLarge(limits));
      else chunks.push(chunk);
    };
    const onEnd = (): void => settle(() => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    const onLost = (): void => fail(broken('The body ended early.'));
    const timer = setTimeout(() => fail(broken('The body did not arrive in time.')), limits.milliseconds);
    request.on('data', onData).on('end', onEnd).on('error', onLost).on('close', onLost);
  });
}

function tooLarge({ bytes }: BodyLimits): AppError {
  return new AppError('FILE_TOO_LARGE', `The body may have at most ${bytes} bytes.`, {
    headers: { Connection: 'close' },
  });
}

function broken(detail: string): AppError {
  return new AppError('MALFORMED_BODY', detail, { headers: { Connection: 'close' } });
}
