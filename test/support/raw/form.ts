import { requestHead } from './raw-connection';

export const BOUNDARY = 'waybill-form-7d1c';
const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

/** One part of a form, with its headers exactly as they are given. */
export function part(headers: string | Buffer, content: string | Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`--${BOUNDARY}\r\n`),
    bytes(headers),
    bytes('\r\n\r\n'),
    bytes(content),
    bytes('\r\n'),
  ]);
}

export function field(name: string, value: string | Buffer): Buffer {
  return part(`Content-Disposition: form-data; name="${escapeName(name)}"`, value);
}

export interface FilePartOptions {
  name?: string;
  /** Bytes stand between the quotes as they are; text is escaped as browsers escape it. */
  fileName?: string | Buffer;
  type?: string | null;
}

export function filePart(
  content: string | Buffer,
  { name = 'file', fileName = 'report.docx', type = DOCX }: FilePartOptions = {},
): Buffer {
  const rawName = typeof fileName === 'string' ? bytes(escapeName(fileName)) : fileName;
  const disposition = bytes(`Content-Disposition: form-data; name="${escapeName(name)}"; filename="`);
  const rest = type === null ? '"' : `"\r\nContent-Type: ${type}`;
  return part(Buffer.concat([disposition, rawName, bytes(rest)]), content);
}

/** The parts as a body, closed. */
export function form(...parts: Buffer[]): Buffer {
  return Buffer.concat([...parts, bytes(`--${BOUNDARY}--\r\n`)]);
}

export interface UploadHeadOptions {
  /** What Content-Length says; null says nothing. */
  length: number | null;
  token: string | null;
  uploadId?: string;
  /** Which door: the documents' by default. */
  path?: string;
  extra?: [name: string, value: string][];
}

/** The head of an upload in a form. */
export function uploadHead({
  length,
  token,
  uploadId,
  path = '/api/upload',
  extra = [],
}: UploadHeadOptions): string {
  const headers: [string, string][] = [
    ['Host', 'waybill.test'],
    ['Content-Type', `multipart/form-data; boundary=${BOUNDARY}`],
  ];
  if (token !== null) headers.push(['Authorization', `Bearer ${token}`]);
  if (length !== null) headers.push(['Content-Length', String(length)]);
  if (uploadId !== undefined) headers.push(['X-Upload-Id', uploadId]);
  return requestHead(`POST ${path}`, [...headers, ...extra]);
}

/** As browsers write names into a form (WHATWG HTML, multipart/form-data encoding). */
function escapeName(name: string): string {
  return name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
}

function bytes(text: string | Buffer): Buffer {
  return typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
}
