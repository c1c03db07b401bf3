import type { Answer, ApiClient } from '../system';

export const TUS = '/api/upload/resumable';
const OCTETS = 'application/offset+octet-stream';

export type TusHeaders = Record<string, string | undefined>;

/** `Upload-Metadata` of these values. */
export function metadata(pairs: Record<string, string>): string {
  return Object.entries(pairs)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',');
}

/** tus 1.0.0 by hand: every header may be replaced, or left out (undefined). */
export class TusClient {
  constructor(readonly api: ApiClient) {}

  request(method: string, path: string, headers: TusHeaders = {}, body?: Buffer): Promise<Answer> {
    const all: TusHeaders = { 'tus-resumable': '1.0.0', ...headers };
    const kept = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined);
    return this.api.request(method, path, {
      headers: Object.fromEntries(kept),
      ...(body ? { body: new Uint8Array(body) } : {}),
    });
  }

  options(): Promise<Answer> {
    return this.request('OPTIONS', TUS, { 'tus-resumable': undefined });
  }

  create(length: number | null, headers: TusHeaders = {}, body?: Buffer): Promise<Answer> {
    return this.request(
      'POST',
      TUS,
      {
        'upload-metadata': metadata({ filename: 'document.docx' }),
        ...(length === null ? { 'upload-defer-length': '1' } : { 'upload-length': String(length) }),
        ...(body ? { 'content-type': OCTETS } : {}),
        ...headers,
      },
      body,
    );
  }

  /** Creates an upload; answers its address. */
  async begin(length: number | null, headers: TusHeaders = {}): Promise<string> {
    const answer = await this.create(length, headers);
    if (answer.status !== 201) throw new Error(`create: ${answer.status} ${answer.bytes.toString()}`);
    return answer.headers.get('location')!;
  }

  head(path: string, headers: TusHeaders = {}): Promise<Answer> {
    return this.request('HEAD', path, headers);
  }

  /** The offset that HEAD tells. */
  async offset(path: string): Promise<number> {
    const answer = await this.head(path);
    if (answer.status !== 200) throw new Error(`HEAD: ${answer.status}`);
    return Number(answer.headers.get('upload-offset'));
  }

  patch(path: string, offset: number, body: Buffer, headers: TusHeaders = {}): Promise<Answer> {
    return this.request(
      'PATCH',
      path,
      { 'content-type': OCTETS, 'upload-offset': String(offset), ...headers },
      body,
    );
  }

  terminate(path: string, headers: TusHeaders = {}): Promise<Answer> {
    return this.request('DELETE', path, headers);
  }

  /** The same caller at another instance. */
  at(baseUrl: string): TusClient {
    return new TusClient(this.api.at(baseUrl));
  }
}

/** The `uploadId` at the end of an upload's address. */
export function uploadIdOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
