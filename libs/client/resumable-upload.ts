import { Persistence, type PersistenceOptions } from './persistence';
import { fieldsOf, type FileAttributes } from './upload-form';
import type { WaybillClient } from './waybill-client';

const DOOR = '/api/upload/resumable';
const TUS = { 'Tus-Resumable': '1.0.0' };
const CHUNK_BYTES = 8 * 1024 * 1024;

/** Bytes that can be read again from anywhere. A `Blob` is one. */
export interface ResumableSource {
  readonly size: number;
  slice(start: number, end: number): Blob | Promise<Uint8Array<ArrayBuffer>>;
}

export interface ResumableUploadOptions extends FileAttributes, PersistenceOptions {
  /** Of the file, with its extension. */
  name: string;
  /** The media type, where it is known. */
  type?: string;
  /** Goes through the rules for media instead of those for documents. */
  mediaKind?: 'video' | 'photo' | 'camera';
  /** One that was begun before, of the same bytes; nothing else is said of it again. */
  uploadId?: string;
  /** Bytes a request, 8 MiB by default. Each is durable when it was answered. */
  chunkBytes?: number;
  /** Told once the upload has an id: keep it, and the upload can be resumed after anything. */
  onUploadId?: (uploadId: string) => void | Promise<void>;
  /** Told of every byte count that is durable. */
  onOffset?: (offset: number) => void;
}

/**
 * Sends a file in pieces (tus 1.0.0), and goes on where it stands whatever breaks. Resolves with the upload's id when
 * all bytes are durable and their content was checked; `completed` tells when it is a file.
 *
 * @throws ProblemError when the service refuses the file; UnexpectedAnswer with status 404 or 410 where an upload that
 * was to be resumed is no more.
 */
export async function resumableUpload(
  client: WaybillClient,
  source: ResumableSource,
  options: ResumableUploadOptions,
): Promise<string> {
  return new ResumableUpload(client, source, options).run();
}

class ResumableUpload {
  /** Of this file alone: a creation whose answer was lost is not made twice. */
  private readonly key = crypto.randomUUID();
  private readonly persistence: Persistence;

  constructor(
    private readonly client: WaybillClient,
    private readonly source: ResumableSource,
    private readonly options: ResumableUploadOptions,
  ) {
    this.persistence = new Persistence(options);
  }

  async run(): Promise<string> {
    const uploadId = this.options.uploadId ?? (await this.persistence.of(() => this.create()));
    await this.options.onUploadId?.(uploadId);
    let known: number | null = this.options.uploadId === undefined ? 0 : null;
    let durable: number;
    // An empty file, too, has a last request: its answer tells what came of the check.
    do {
      durable = await this.persistence.of(async () => {
        const start = known ?? (await this.ask(uploadId));
        known = null; // until an answer tells, what is durable has to be asked for
        this.options.onOffset?.(start);
        return this.append(uploadId, start);
      });
      this.options.onOffset?.(durable);
      known = durable;
    } while (durable < this.source.size);
    return uploadId;
  }

  private async create(): Promise<string> {
    const { name, type, mediaKind } = this.options;
    const metadata: [string, string][] = [['filename', name], ...fieldsOf(this.options)];
    if (type !== undefined && type !== '') metadata.push(['filetype', type]);
    if (mediaKind !== undefined) metadata.push(['category', 'media'], ['mediaKind', mediaKind]);
    const response = await this.request('POST', DOOR, {
      'Upload-Length': String(this.source.size),
      'Upload-Metadata': metadata.map(([key, value]) => `${key} ${base64(value)}`).join(','),
      'Idempotency-Key': this.key,
    });
    return response.headers.get('location')!.split('/').at(-1)!;
  }

  private async ask(uploadId: string): Promise<number> {
    return offsetOf(await this.request('HEAD', `${DOOR}/${uploadId}`, {}));
  }

  private async append(uploadId: string, start: number): Promise<number> {
    const { chunkBytes = CHUNK_BYTES } = this.options;
    const end = Math.min(start + chunkBytes, this.source.size);
    const headers = { 'Upload-Offset': String(start), 'Content-Type': 'application/offset+octet-stream' };
    const body = await this.source.slice(start, end);
    const offset = offsetOf(await this.request('PATCH', `${DOOR}/${uploadId}`, headers, body));
    if (offset > start) this.persistence.succeeded();
    return offset;
  }

  private request(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: Blob | Uint8Array<ArrayBuffer>,
  ): Promise<Response> {
    const { signal = null } = this.options;
    return this.client.fetch(path, { method, headers: { ...TUS, ...headers }, body: body ?? null, signal });
  }
}

function offsetOf({ headers }: Response): number {
  return Number(headers.get('upload-offset'));
}

const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
