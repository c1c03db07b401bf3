import { isAppError, type ErrorCode } from '@waybill/core/kernel';
import type { MultipartLimits } from '../limits';
import { MultipartParser } from '../multipart-parser';

/** What a handler was told, with the data of each file joined: the cuts are the only thing that chunks may change. */
export type Told =
  | { field: string; value: string }
  | { file: string; fileName: string; contentType: string | null; data: string; ended: boolean };

export interface Outcome {
  told: Told[];
  error: { code: ErrorCode; detail: string } | null;
}

/** Parses a body given in chunks. Errors that are no `AppError` are thrown on. */
export function parse(contentType: string, chunks: Buffer[], limits?: Partial<MultipartLimits>): Outcome {
  const told: Told[] = [];
  let data: Buffer[] = [];
  const file = () => told.at(-1) as Extract<Told, { file: string }>;
  const settle = () => {
    const open = told.at(-1);
    if (open && 'file' in open && !open.ended) open.data = Buffer.concat(data).toString('latin1');
  };

  try {
    const parser = new MultipartParser(
      contentType,
      {
        onField: (field, value) => void told.push({ field, value }),
        onFile: ({ name, fileName, contentType }) => {
          data = [];
          told.push({ file: name, fileName, contentType, data: '', ended: false });
        },
        // A copy, as the chunk is scrubbed below.
        onFileData: (chunk) => void data.push(Buffer.from(chunk)),
        onFileEnd: () => {
          settle();
          file().ended = true;
        },
      },
      limits,
    );
    for (const chunk of chunks) {
      const own = Buffer.from(chunk);
      parser.write(own);
      // The source may reuse its memory: whatever the parser still needs, it must have copied.
      own.fill(0xaa);
    }
    parser.end();
    return { told, error: null };
  } catch (error) {
    if (!isAppError(error)) throw error;
    settle();
    return { told, error: { code: error.code, detail: error.message } };
  }
}

/** Cuts `body` at the positions given (in any order, any number of times). */
export function cutAt(body: Buffer, positions: number[]): Buffer[] {
  const cuts = [0, ...positions.map((p) => p % (body.length + 1)).sort((a, b) => a - b), body.length];
  return cuts.slice(1).map((end, i) => body.subarray(cuts[i], end));
}

export function everyByte(body: Buffer): Buffer[] {
  return Array.from(body, (byte) => Buffer.from([byte]));
}

export const BOUNDARY = 'xXboundaryXx';
export const CONTENT_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

/** One part as the wire has it; `headers` without the last line end. */
export function part(headers: string, content: string | Buffer = ''): Buffer {
  return Buffer.concat([Buffer.from(`--${BOUNDARY}\r\n${headers}\r\n\r\n`), Buffer.from(content), CRLF]);
}

export function field(name: string, value: string | Buffer = 'v'): Buffer {
  return part(`Content-Disposition: form-data; name="${name}"`, value);
}

export function file(fileName: string, content: string | Buffer = 'content'): Buffer {
  return part(`Content-Disposition: form-data; name="file"; filename="${fileName}"`, content);
}

export function form(...parts: Buffer[]): Buffer {
  return Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

const CRLF = Buffer.from('\r\n');
