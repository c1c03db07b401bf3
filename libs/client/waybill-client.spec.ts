import {
  createWaybillClient,
  isProblem,
  ProblemError,
  UnexpectedAnswer,
  UploadEnded,
  type Session,
  type WaybillClientOptions,
} from '.';

const BASE = 'https://files.example';
const LATER = Date.now() + 3_600_000;

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });

const problem = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  json({ status, code, detail: `Because of ${code}.`, requestId: 'r-1' }, status, {
    'content-type': 'application/problem+json',
    ...headers,
  });

/** A service with one good access token at a time. */
class Service {
  readonly seen: string[] = [];
  good = 'first';
  refreshes = 0;
  routes: Record<string, (request: Request) => Response | Promise<Response>> = {};

  readonly fetch = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const token = request.headers.get('authorization')?.slice('Bearer '.length) ?? null;
    this.seen.push(`${request.method} ${pathname}${search} ${token}`);
    if (pathname === '/api/auth/refresh') return this.refresh(request);
    if (token !== this.good) return problem(401, 'UNAUTHENTICATED');
    return this.routes[pathname]?.(request) ?? json({ items: [], nextCursor: null });
  };

  private async refresh(request: Request): Promise<Response> {
    const { refreshToken } = (await request.json()) as { refreshToken: string };
    if (refreshToken !== 'refresh') return problem(401, 'UNAUTHENTICATED');
    this.good = `renewed-${++this.refreshes}`;
    return json({ accessToken: this.good, refreshToken, tokenType: 'Bearer', expiresIn: 900 });
  }

  client(options: Partial<WaybillClientOptions> = {}) {
    return createWaybillClient({ baseUrl: BASE, fetch: this.fetch, ...options });
  }
}

const stale: Session = { accessToken: 'stale', refreshToken: 'refresh', expiresAt: LATER };

describe('the session of a client', () => {
  it('is renewed once, however many requests notice that it has ended', async () => {
    const service = new Service();
    const kept: (Session | null)[] = [];
    const client = service.client({ session: stale, onSession: (session) => kept.push(session) });
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => client.GET('/api/files')));
    expect(answers.map(({ data }) => data.nextCursor)).toEqual([null, null, null, null, null]);
    expect(service.refreshes).toBe(1);
    expect(kept).toMatchObject([{ accessToken: 'renewed-1' }]);
    expect(client.session).toEqual(kept[0]);
  });

  it('ends when it cannot be renewed, and the refusal is told', async () => {
    const service = new Service();
    const kept: unknown[] = [];
    const session = { ...stale, refreshToken: 'used before' };
    const client = service.client({ session, onSession: (each) => kept.push(each) });
    await expect(client.GET('/api/files')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(kept).toEqual([null]);
    expect(service.seen.filter((line) => line.includes('/api/files'))).toHaveLength(1);
  });

  it('is kept when the refresh itself fails', async () => {
    const service = new Service();
    const failing = (request: Request) =>
      request.url.endsWith('/refresh') ? Promise.reject(new TypeError('away')) : service.fetch(request);
    const client = service.client({ session: stale, fetch: failing });
    await expect(client.GET('/api/files')).rejects.toThrow('away');
    expect(client.session).toEqual(stale);
  });

  it('is not renewed for a 401 that is about something else', async () => {
    const service = new Service();
    service.routes['/api/auth/password/change'] = () => problem(401, 'INVALID_CREDENTIALS');
    const client = service.client({ session: { ...stale, accessToken: 'first' } });
    const body = { currentPassword: 'wrong', newPassword: 'a quieter horse' };
    await expect(client.POST('/api/auth/password/change', { body })).rejects.toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    expect(service.refreshes).toBe(0);
  });

  it('sends the body again with the new token', async () => {
    const service = new Service();
    const bodies: unknown[] = [];
    service.routes['/api/files/1/download-link'] = async (request) => {
      bodies.push(await request.json());
      return json({ downloadUrl: `${BASE}/api/download/t`, expiresAt: '2026-11-20T09:30:00.000Z' }, 201);
    };
    const client = service.client({ session: stale });
    await client.POST('/api/files/{id}/download-link', {
      params: { path: { id: '1' } },
      body: { expiresInSeconds: 60 },
    });
    expect(bodies).toEqual([{ expiresInSeconds: 60 }]);
  });

  it('is renewed before a body that could not be sent twice', async () => {
    const service = new Service();
    service.routes['/api/upload'] = () => json({ uploadId: 'u', fileId: 'f' }, 201);
    const client = service.client({ session: { ...stale, expiresAt: Date.now() + 1000 } });
    await client.upload(new Blob(['bytes']), { name: 'a.docx' });
    expect(service.seen).toEqual(['POST /api/auth/refresh null', 'POST /api/upload renewed-1']);
  });

  it('begins with a login and ends with a logout', async () => {
    const service = new Service();
    service.good = 'null';
    const tokens = { accessToken: 'first', refreshToken: 'refresh', tokenType: 'Bearer', expiresIn: 900 };
    const fetch = (request: Request): Response | Promise<Response> => {
      if (request.url.endsWith('/login')) return json({ ...tokens, user: { id: '1', role: 'ops' } });
      return new Response(null, { status: 204 });
    };
    const client = service.client({ fetch: async (request) => fetch(request) });
    expect(await client.logIn('ada@example.org', 'password')).toEqual({ id: '1', role: 'ops' });
    expect(client.session).toMatchObject({ accessToken: 'first', refreshToken: 'refresh' });
    await client.logOut();
    expect(client.session).toBeNull();
  });
});

describe('a client', () => {
  it.each([BASE, `${BASE}/`, `${BASE}/api`, `${BASE}/api/`])('finds the service at %s', async (baseUrl) => {
    const service = new Service();
    await service.client({ baseUrl, apiKey: 'first' }).GET('/api/files', { params: { query: { limit: 5 } } });
    expect(service.seen).toEqual(['GET /api/files?limit=5 first']);
  });

  it('throws a problem with its code, its words and how long to wait', async () => {
    const service = new Service();
    service.routes['/api/files'] = () => problem(429, 'RATE_LIMITED', { 'retry-after': '7' });
    const thrown: unknown = await service
      .client({ apiKey: 'first' })
      .GET('/api/files')
      .catch((error) => error);
    expect(thrown).toBeInstanceOf(ProblemError);
    expect(thrown).toMatchObject({
      code: 'RATE_LIMITED',
      status: 429,
      message: 'Because of RATE_LIMITED.',
      requestId: 'r-1',
      retryAfterSeconds: 7,
    });
    expect(isProblem(thrown)).toBe(true);
    expect(isProblem(thrown, 'GONE', 'RATE_LIMITED')).toBe(true);
    expect(isProblem(thrown, 'GONE')).toBe(false);
    expect(isProblem(new Error('other'))).toBe(false);
  });

  it('throws what a proxy answers as what it is', async () => {
    const service = new Service();
    service.routes['/api/files'] = () => new Response('<h1>Bad gateway</h1>', { status: 502 });
    const thrown: unknown = await service
      .client({ apiKey: 'first' })
      .GET('/api/files')
      .catch((error) => error);
    expect(thrown).toBeInstanceOf(UnexpectedAnswer);
    expect(thrown).not.toBeInstanceOf(ProblemError);
    expect(thrown).toMatchObject({ status: 502 });
  });

  it('reads lists to their end', async () => {
    const service = new Service();
    service.routes['/api/files'] = ({ url }) => {
      const cursor = new URL(url).searchParams.get('cursor');
      return json({ items: [{ id: cursor ?? 'a' }], nextCursor: cursor === null ? 'b' : null });
    };
    const ids: string[] = [];
    for await (const { id } of service.client({ apiKey: 'first' }).files({ limit: 1 })) ids.push(id);
    expect(ids).toEqual(['a', 'b']);
    expect(service.seen[1]).toBe('GET /api/files?limit=1&cursor=b first');
  });

  it('sends a document with its fields before it, and what makes it safe to repeat', async () => {
    const service = new Service();
    let form: FormData | null = null;
    let headers = new Headers();
    service.routes['/api/upload'] = async (request) => {
      ({ headers } = request);
      form = await request.formData();
      return json({ uploadId: 'u', fileId: 'f' }, 201);
    };
    const expiresAt = new Date('2026-12-24T18:00:00.000Z');
    await service.client({ apiKey: 'first' }).upload(new File(['bytes'], 'offer.docx'), {
      title: 'Offer',
      tags: ['a', 'b'],
      recipients: ['ada@example.org'],
      expiresAt,
      maxDownloads: 3,
      uploadId: 'u',
      idempotencyKey: 'k',
    });
    expect([...form!].map(([name, value]) => [name, value instanceof File ? value.name : value])).toEqual([
      ['title', 'Offer'],
      ['tags', 'a,b'],
      ['recipients', 'ada@example.org'],
      ['expiresAt', '2026-12-24T18:00:00.000Z'],
      ['maxDownloads', '3'],
      ['file', 'offer.docx'],
    ]);
    expect([headers.get('x-upload-id'), headers.get('idempotency-key')]).toEqual(['u', 'k']);
  });

  it('follows an upload to its end', async () => {
    const service = new Service();
    const statuses = ['received', 'encrypting', 'completed'];
    service.routes['/api/upload/progress/u'] = () => json({ status: statuses.shift(), failureCode: null });
    const seen: string[] = [];
    const client = service.client({ apiKey: 'first' });
    await client.completed('u', { onProgress: ({ status }) => seen.push(status) });
    expect(seen).toEqual(['received', 'encrypting', 'completed']);
  });

  it.each([
    ['failed', 'CONTENT_MISMATCH', 'The upload is failed (CONTENT_MISMATCH).'],
    ['cancelled', null, 'The upload is cancelled.'],
  ])('tells of an upload that %s', async (status, failureCode, message) => {
    const service = new Service();
    service.routes['/api/upload/progress/u'] = () => json({ status, failureCode });
    const waiting = service.client({ apiKey: 'first' }).completed('u');
    await expect(waiting).rejects.toThrow(new UploadEnded({ status, failureCode } as never));
    await expect(waiting).rejects.toThrow(message);
  });

  it('shows its credential to the service alone', async () => {
    const service = new Service();
    service.good = 'null';
    const client = service.client({ apiKey: 'first' });
    await client.fetch('https://elsewhere.example/object').catch(() => undefined);
    await client.fetch('/api/auth/me').catch(() => undefined);
    expect(service.seen).toEqual(['GET /object null', 'GET /api/auth/me first']);
  });

  it('downloads through a link', async () => {
    const service = new Service();
    service.routes['/api/files/1/download-link'] = () => json({ downloadUrl: `${BASE}/api/download/t` }, 201);
    service.routes['/api/download/t'] = ({ headers }) => new Response(headers.get('range'));
    const response = await service
      .client({ apiKey: 'first' })
      .download('1', { headers: { range: 'bytes=5-' } });
    expect(await response.text()).toBe('bytes=5-');
  });
});
