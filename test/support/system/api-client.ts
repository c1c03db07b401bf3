import { randomUUID } from 'node:crypto';
import { waitFor } from './wait-for';

export interface Answer<Body = any> {
  status: number;
  headers: Headers;
  /** Parsed when it is JSON, else null. */
  body: Body;
  bytes: Buffer;
}

export interface UploadOptions {
  name?: string;
  type?: string;
  fields?: Record<string, string | string[]>;
  uploadId?: string;
  /** Which door: the documents' by default. */
  path?: string;
  headers?: Record<string, string>;
}

const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

/** The API as a caller meets it: no retries, no manners, everything that comes back is there to be looked at. */
export class ApiClient {
  constructor(
    readonly baseUrl: string,
    public token: string | null = null,
  ) {}

  /** The same caller at another instance. */
  at(baseUrl: string): ApiClient {
    return new ApiClient(baseUrl, this.token);
  }

  async request<Body = any>(method: string, path: string, init: RequestInit = {}): Promise<Answer<Body>> {
    const headers = new Headers(init.headers);
    if (this.token && !headers.has('authorization')) headers.set('authorization', `Bearer ${this.token}`);
    const url = path.startsWith('http') ? path : `${this.baseUrl}${path}`;
    const response = await fetch(url, { redirect: 'manual', ...init, method, headers });
    const bytes = Buffer.from(await response.arrayBuffer());
    const json = /[/+]json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: (json && bytes.length > 0 ? JSON.parse(bytes.toString('utf8')) : null) as Body,
      bytes,
    };
  }

  get<Body = any>(path: string, headers?: Record<string, string>): Promise<Answer<Body>> {
    return this.request('GET', path, { headers });
  }

  post<Body = any>(
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> {
    if (body === undefined) return this.request('POST', path, { headers });
    return this.request('POST', path, {
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  delete<Body = any>(path: string, headers?: Record<string, string>): Promise<Answer<Body>> {
    return this.request('DELETE', path, { headers });
  }

  async login(email: string, password: string): Promise<Answer> {
    const answer = await this.post('/api/auth/login', { email, password });
    if (answer.status === 200) this.token = answer.body.accessToken as string;
    return answer;
  }

  /** One multipart form with the bytes as its part `file`. */
  upload(
    bytes: Buffer,
    { name, type = DOCX, fields = {}, uploadId, path = '/api/upload', headers = {} }: UploadOptions = {},
  ): Promise<Answer> {
    const form = new FormData();
    for (const [field, value] of Object.entries(fields)) {
      for (const item of Array.isArray(value) ? value : [value]) form.append(field, item);
    }
    form.append('file', new Blob([new Uint8Array(bytes)], { type }), name ?? 'document.docx');
    const id: Record<string, string> = uploadId ? { 'x-upload-id': uploadId } : {};
    return this.request('POST', path, { body: form, headers: { ...id, ...headers } });
  }

  /** Uploads, and waits until the file can be downloaded. */
  async uploadAndWait(
    bytes: Buffer,
    options: UploadOptions = {},
  ): Promise<{ uploadId: string; fileId: string }> {
    const answer = await this.upload(bytes, { uploadId: randomUUID(), ...options });
    if (answer.status !== 201) throw new Error(`upload: ${answer.status} ${answer.bytes.toString()}`);
    const { uploadId, fileId } = answer.body as { uploadId: string; fileId: string };
    await this.waitForStatus(uploadId, 'completed');
    return { uploadId, fileId };
  }

  /** Waits until the upload has the status; a final status that is another one ends the wait. */
  async waitForStatus(uploadId: string, status: string, timeoutMs = 60_000): Promise<any> {
    const final = ['completed', 'cancelled', 'failed'];
    return waitFor(
      `upload ${uploadId} to be ${status}`,
      async () => {
        const { body } = await this.get(`/api/upload/progress/${uploadId}`);
        if (body?.status === status) return body;
        if (final.includes(body?.status)) throw new Error(`upload ${uploadId} is ${JSON.stringify(body)}`);
        return null;
      },
      { timeoutMs },
    );
  }

  /** A download link's address, on this client's instance. */
  async downloadLink(fileId: string, expiresInSeconds?: number): Promise<string> {
    const body = expiresInSeconds === undefined ? {} : { expiresInSeconds };
    const answer = await this.post(`/api/files/${fileId}/download-link`, body);
    if (answer.status !== 201) throw new Error(`download-link: ${answer.status} ${answer.bytes.toString()}`);
    return new URL(answer.body.downloadUrl as string).pathname;
  }
}
