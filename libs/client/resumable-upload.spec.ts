import { createWaybillClient, resumableUpload, type ResumableUploadOptions } from '.';

const ID = '0199a4c2-7d0f-7a52-8e06-b1c94d27f380';
const BYTES = new TextEncoder().encode('the bytes of an offer');

/** A tus door that keeps what it gets; `upset` may stand in the way of a request. */
class Door {
  readonly seen: string[] = [];
  metadata = '';
  stored = '';
  upset: (request: Request, time: number) => Promise<Response | void> | Response | void = () => undefined;

  readonly fetch = async (request: Request): Promise<Response> => {
    const offset = request.headers.get('upload-offset');
    this.seen.push([request.method, ...(offset === null ? [] : [offset])].join(' '));
    const upset = await this.upset(request, this.seen.length);
    if (upset !== undefined) return upset;
    if (request.method === 'POST') {
      this.metadata = request.headers.get('upload-metadata')!;
      return new Response(null, { status: 201, headers: { location: `/api/upload/resumable/${ID}` } });
    }
    if (request.method === 'PATCH') this.stored += await request.text();
    const headers = { 'upload-offset': String(this.stored.length) };
    return new Response(null, { status: request.method === 'HEAD' ? 200 : 204, headers });
  };

  send(options: Partial<ResumableUploadOptions> = {}): Promise<string> {
    const client = createWaybillClient({
      baseUrl: 'https://files.example',
      apiKey: 'key',
      fetch: this.fetch,
    });
    return resumableUpload(client, new Blob([BYTES]), { name: 'offer.docx', chunkBytes: 8, ...options });
  }
}

const problem = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify({ status, code, detail: code, requestId: 'r' }), {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  });

describe('a resumable upload', () => {
  it('goes in pieces, and says what the file is', async () => {
    const door = new Door();
    const told: unknown[] = [];
    const id = await door.send({
      title: 'Für Ada',
      mediaKind: 'photo',
      onUploadId: (uploadId) => void told.push(uploadId),
      onOffset: (offset) => told.push(offset),
    });
    expect(id).toBe(ID);
    expect(door.seen).toEqual(['POST', 'PATCH 0', 'PATCH 8', 'PATCH 16']);
    expect(door.stored).toBe('the bytes of an offer');
    expect(told).toEqual([ID, 0, 8, 8, 16, 16, 21]);
    const pairs = door.metadata.split(',').map((pair) => pair.split(' '));
    expect(
      Object.fromEntries(pairs.map(([key, value]) => [key, Buffer.from(value!, 'base64').toString()])),
    ).toEqual({
      filename: 'offer.docx',
      title: 'Für Ada',
      category: 'media',
      mediaKind: 'photo',
    });
  });

  it('begun before goes on where it stands', async () => {
    const door = new Door();
    door.stored = 'the bytes of';
    await door.send({ uploadId: ID });
    expect(door.seen).toEqual(['HEAD', 'PATCH 12', 'PATCH 20']);
    expect(door.stored).toBe('the bytes of an offer');
  });

  it.each<[string, () => Promise<Response> | Response]>([
    ['the connection breaks', () => Promise.reject(new TypeError('fetch failed'))],
    ['the service restarts', () => problem(503, 'DEPENDENCY_UNAVAILABLE')],
    ['a proxy stands alone', () => new Response('<h1>Bad gateway</h1>', { status: 502 })],
    ['another request holds it', () => problem(423, 'UPLOAD_LOCKED')],
    ['its place was another', () => problem(409, 'OFFSET_MISMATCH')],
  ])('asks where it stands when %s', async (_what, upset) => {
    const door = new Door();
    door.upset = (_request, time) => (time === 3 ? upset() : undefined);
    const retries: unknown[] = [];
    await door.send({ onRetry: (error) => retries.push(error) });
    expect(door.seen).toEqual(['POST', 'PATCH 0', 'PATCH 8', 'HEAD', 'PATCH 8', 'PATCH 16']);
    expect(door.stored).toBe('the bytes of an offer');
    expect(retries).toHaveLength(1);
  });

  it('does not send again what arrived though its answer was lost', async () => {
    const door = new Door();
    door.upset = async (request, time) => {
      if (time !== 3) return;
      door.stored += await request.text();
      throw new TypeError('terminated');
    };
    await door.send();
    expect(door.seen).toEqual(['POST', 'PATCH 0', 'PATCH 8', 'HEAD', 'PATCH 16']);
    expect(door.stored).toBe('the bytes of an offer');
  });

  it('creates again under the same key when the answer was lost', async () => {
    const door = new Door();
    const keys: (string | null)[] = [];
    door.upset = ({ headers, method }, time) => {
      if (method === 'POST') keys.push(headers.get('idempotency-key'));
      return time === 1 ? Promise.reject(new TypeError('terminated')) : undefined;
    };
    await door.send();
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys).toEqual([keys[0], keys[0]]);
  });

  it('waits as long as it is asked to', async () => {
    const door = new Door();
    door.upset = (_request, time) =>
      time === 2 ? problem(429, 'RATE_LIMITED', { 'retry-after': '0.01' }) : undefined;
    const pauses: number[] = [];
    await door.send({ onRetry: (_error, milliseconds) => pauses.push(milliseconds) });
    expect(pauses).toEqual([10]);
  });

  it.each([
    [415, 'CONTENT_MISMATCH'],
    [413, 'QUOTA_EXCEEDED'],
    [507, 'STORAGE_FULL'],
    [401, 'UNAUTHENTICATED'],
  ])('ends with what stays: %i %s', async (status, code) => {
    const door = new Door();
    door.upset = (_request, time) => (time === 3 ? problem(status, code) : undefined);
    await expect(door.send()).rejects.toMatchObject({ status, code });
    expect(door.seen).toEqual(['POST', 'PATCH 0', 'PATCH 8']);
  });

  it('tells of one that is gone', async () => {
    const door = new Door();
    door.upset = () => new Response(null, { status: 410 });
    await expect(door.send({ uploadId: ID })).rejects.toMatchObject({ status: 410 });
  });

  it('gives up when nothing has got through for too long', async () => {
    const door = new Door();
    door.upset = () => Promise.reject(new TypeError('fetch failed'));
    await expect(door.send({ tries: 2 })).rejects.toThrow('fetch failed');
    expect(door.seen).toEqual(['POST', 'POST']);
  });

  it('ends when it is told to, also while it waits', async () => {
    const door = new Door();
    const stop = new AbortController();
    door.upset = (_request, time) =>
      time === 2 ? problem(503, 'DEPENDENCY_UNAVAILABLE', { 'retry-after': '60' }) : undefined;
    const sending = door.send({ signal: stop.signal, onRetry: () => stop.abort(new Error('enough')) });
    await expect(sending).rejects.toThrow('enough');
  });
});
