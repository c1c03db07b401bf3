import createClient, { type Client } from 'openapi-fetch';
import { Credentials, sessionOf, type Send, type Session } from './credentials';
import { Persistence, sleep, type PersistenceOptions } from './persistence';
import { errorOf } from './problem-error';
import type { components, paths } from './schema';
import type { TypedFetch } from './typed-fetch';
import { uploadForm, type FileAttributes } from './upload-form';

type Schemas = components['schemas'];
export type User = Schemas['UserDto'];
export type FileInfo = Schemas['FileDto'];
export type UploadReceipt = Schemas['UploadReceiptDto'];
export type UploadProgress = Schemas['UploadProgressDto'];
export type FileQuery = NonNullable<paths['/api/files']['get']['parameters']['query']>;

export interface WaybillClientOptions {
  /** Where the service is: `https://files.example.org`, with or without `/api`. */
  baseUrl: string;
  /** Programs have a key instead of a session. */
  apiKey?: string;
  /** A session from before. */
  session?: Session;
  /** Told of every new session, and of its end: for whoever keeps it. */
  onSession?: (session: Session | null) => void;
  fetch?: Send;
}

export interface UploadOptions extends FileAttributes {
  /** Of the file, with its extension; by default that of a `File`. */
  name?: string;
  /** A UUID of your choice, to follow and cancel the upload by while it runs. */
  uploadId?: string;
  /** Makes the request safe to repeat; see `newIdempotencyKey`. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export interface FollowOptions extends PersistenceOptions {
  onProgress?: (progress: UploadProgress) => void;
}

const POLL_FIRST_MS = 100;
const POLL_MAX_MS = 1_000;

/** A Waybill service as somebody sees it: every route, typed, and the few flows that take more than one call. */
export interface WaybillClient {
  /** Every route of `openapi.json`. What is no success is thrown: `ProblemError`, or `UnexpectedAnswer`. */
  readonly GET: TypedFetch<'get'>;
  readonly POST: TypedFetch<'post'>;
  readonly PATCH: TypedFetch<'patch'>;
  readonly DELETE: TypedFetch<'delete'>;
  /** Any request below `baseUrl`, as whoever this client is; or at a whole address, where nobody else learns that. */
  fetch(path: string, init?: RequestInit): Promise<Response>;

  readonly session: Session | null;
  logIn(email: string, password: string): Promise<User>;
  /** Ends the session, here and at the service. */
  logOut(): Promise<void>;

  /** Sends a document as one form. Its bytes are durable when this resolves; `completed` tells when it is a file. */
  upload(file: Blob, options?: UploadOptions): Promise<UploadReceipt>;
  /** Waits until an upload is a file. Rejects with `UploadEnded` when it was cancelled, or failed. */
  completed(uploadId: string, options?: FollowOptions): Promise<UploadProgress>;
  /** All files that you may see, page after page. */
  files(query?: FileQuery): AsyncGenerator<FileInfo, void>;
  /** Asks for a link, and starts to download through it. The body streams; a damaged file breaks it. */
  download(fileId: string, init?: RequestInit): Promise<Response>;
}

/** An upload that will not become a file. */
export class UploadEnded extends Error {
  override readonly name = 'UploadEnded';

  constructor(readonly progress: UploadProgress) {
    const { status, failureCode } = progress;
    super(`The upload is ${status}${failureCode === null ? '' : ` (${failureCode})`}.`);
  }
}

/** For the header `Idempotency-Key`: keep it as long as you may have to repeat the request. */
export const newIdempotencyKey = (): string => crypto.randomUUID();

/** A client of the service at `baseUrl`. Nothing is sent until something is asked. */
export function createWaybillClient(options: WaybillClientOptions): WaybillClient {
  return new TypedWaybillClient(options);
}

class TypedWaybillClient implements WaybillClient {
  readonly GET: TypedFetch<'get'>;
  readonly POST: TypedFetch<'post'>;
  readonly PATCH: TypedFetch<'patch'>;
  readonly DELETE: TypedFetch<'delete'>;
  private readonly baseUrl: string;
  private readonly credentials: Credentials;

  constructor({ baseUrl, apiKey, session, onSession, fetch: send }: WaybillClientOptions) {
    this.baseUrl = baseUrl.replace(/\/+$/, '').replace(/\/api$/, '');
    this.credentials = new Credentials(
      send ?? ((request) => fetch(request)),
      `${this.baseUrl}/api/auth/refresh`,
      apiKey ?? null,
      session ?? null,
      onSession ?? (() => undefined),
    );
    const client: Client<paths> = createClient<paths>({
      baseUrl: this.baseUrl,
      fetch: (request) => this.send(request),
    });
    // openapi-fetch also types the errors that `send` has thrown by then.
    this.GET = client.GET as TypedFetch<'get'>;
    this.POST = client.POST as TypedFetch<'post'>;
    this.PATCH = client.PATCH as TypedFetch<'patch'>;
    this.DELETE = client.DELETE as TypedFetch<'delete'>;
  }

  get session(): Session | null {
    return this.credentials.session;
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return this.send(new Request(new URL(path, `${this.baseUrl}/`), init));
  }

  async logIn(email: string, password: string): Promise<User> {
    const { data } = await this.POST('/api/auth/login', { body: { email, password } });
    this.credentials.session = sessionOf(data);
    return data.user;
  }

  async logOut(): Promise<void> {
    const { session } = this;
    this.credentials.session = null;
    if (session === null) return;
    await this.POST('/api/auth/logout', { body: { refreshToken: session.refreshToken } });
  }

  async upload(file: Blob, options: UploadOptions = {}): Promise<UploadReceipt> {
    const { name, uploadId, idempotencyKey, signal, ...attributes } = options;
    const headers = new Headers();
    if (uploadId !== undefined) headers.set('X-Upload-Id', uploadId);
    if (idempotencyKey !== undefined) headers.set('Idempotency-Key', idempotencyKey);
    const body = uploadForm(file, name ?? nameOf(file), attributes);
    const response = await this.fetch('/api/upload', {
      method: 'POST',
      headers,
      body,
      signal: signal ?? null,
    });
    return (await response.json()) as UploadReceipt;
  }

  async completed(uploadId: string, options: FollowOptions = {}): Promise<UploadProgress> {
    const { signal, onProgress } = options;
    const persistence = new Persistence(options);
    for (let pause = POLL_FIRST_MS; ; pause = Math.min(pause * 2, POLL_MAX_MS)) {
      const { data } = await persistence.of(() =>
        this.GET('/api/upload/progress/{uploadId}', {
          params: { path: { uploadId } },
          signal: signal ?? null,
        }),
      );
      persistence.succeeded();
      onProgress?.(data);
      if (data.status === 'completed') return data;
      if (data.status === 'failed' || data.status === 'cancelled') throw new UploadEnded(data);
      await sleep(pause, signal);
    }
  }

  async *files(query: FileQuery = {}): AsyncGenerator<FileInfo, void> {
    for (let cursor = query.cursor; ;) {
      const { data } = await this.GET('/api/files', { params: { query: { ...query, cursor } } });
      yield* data.items;
      if (data.nextCursor === null) return;
      cursor = data.nextCursor;
    }
  }

  async download(fileId: string, init?: RequestInit): Promise<Response> {
    const { data } = await this.POST('/api/files/{id}/download-link', {
      params: { path: { id: fileId } },
      body: {},
    });
    return this.fetch(data.downloadUrl, init);
  }

  private async send(request: Request): Promise<Response> {
    const response = await this.credentials.fetch(request);
    if (response.ok) return response;
    throw await errorOf(response);
  }
}

function nameOf(file: Blob): string {
  if (file instanceof File) return file.name;
  throw new TypeError('A Blob has no name: say which one the file shall have.');
}
