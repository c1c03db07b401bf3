import 'reflect-metadata';
import { request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Logger,
  Param,
  Post,
  Query,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, MaxLength, ValidateNested } from 'class-validator';
import type { Request, Response } from 'express';
import { Redis } from 'ioredis';
import { AppError, ERROR_CODES, type ErrorCode } from '@waybill/core/kernel';
import { AuditLog } from '@waybill/platform/audit';
import { AppConfig } from '@waybill/platform/config';
import { ObservabilityModule, WaybillLogger } from '@waybill/platform/observability';
import { PROBLEM_GUIDE } from './problems/problem-guide';
import {
  AcceptsForm,
  configureHttp,
  CursorCodec,
  html,
  HttpModule,
  PageQuery,
  PROBLEMS,
  RateLimit,
  RateLimitGuard,
  Paged,
  UuidParam,
} from '.';

class Inner {
  @IsString()
  @MaxLength(5)
  name: string;
}

class Thing {
  @IsString()
  @MaxLength(10)
  title: string;

  @IsOptional()
  @IsInt()
  size?: number;

  @IsOptional()
  @ValidateNested({ each: true })
  @Type(() => Inner)
  list?: Inner[];
}

const FAILURES: Record<string, () => unknown> = {
  unknown: () => new Error('SELECT password FROM users at /srv/secret.ts'),
  text: () => 'just a text',
  nothing: () => undefined,
  driver: () =>
    Object.assign(new Error('query failed'), { driverError: { code: '57P01', message: 'admin' } }),
  refused: () =>
    Object.assign(new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })]), {}),
  pool: () => new Error('timeout exceeded when trying to connect'),
  terminated: () => new Error('Connection terminated unexpectedly'),
  redis: () => new Error('Connection is closed.'),
  cancelled: () => Object.assign(new Error('canceling statement'), { code: '57014' }),
  id: () => Object.assign(new Error('invalid input syntax for type uuid: "x"'), { code: '22P02' }),
  nul: () => Object.assign(new Error('invalid byte sequence'), { code: '22021' }),
  range: () => Object.assign(new Error('out of range'), { code: '22003' }),
  full: () => Object.assign(new Error('write /srv/data'), { code: 'ENOSPC' }),
};

const ID = '0190f0a0-0000-7000-8000-0000000000ab';
const TOKEN = 'Zk3vYp0aQ8s_w7LxN2uRfT5bHc1dJeGm';

class ThingPage {
  nextCursor!: string | null;
}

@Controller('things')
class ThingController {
  constructor(private readonly cursors: CursorCodec) {}

  @Get()
  @Paged(ThingPage, 'A page of them.')
  list(@Query() query: PageQuery) {
    if (query.cursor !== undefined)
      return { position: this.cursors.decode('things', query.cursor), nextCursor: null };
    return { limit: query.limit, nextCursor: this.cursors.encode('things', ['2026-01-01', 7, null]) };
  }

  @Post()
  create(@Body() thing: Thing) {
    return { ...thing, own: Object.keys(thing) };
  }

  @Post('form')
  @AcceptsForm()
  form(@Body() thing: Thing) {
    return thing;
  }

  @Post('raw')
  @HttpCode(200)
  async raw(@Req() request: Request) {
    let size = 0;
    for await (const chunk of request) size += (chunk as Buffer).length;
    return { size, body: typeof request.body };
  }

  @Get('fail/:kind')
  fail(@Param('kind') kind: string): never {
    throw FAILURES[kind]!();
  }

  @Get('code/:code')
  code(@Param('code') code: ErrorCode): never {
    throw new AppError(code, 'Said so.', { retryAfterSeconds: 1.2, headers: { 'X-Extra': 'yes' } });
  }

  @Get('guess')
  @UseGuards(RateLimitGuard)
  @RateLimit({ name: 'guess', points: 2, seconds: 60, by: 'address' })
  guess() {
    return {};
  }

  @Get('half')
  half(@Res() response: Response): void {
    response.setHeader('Content-Length', '100');
    response.write('half');
    throw new Error('after the head');
  }

  @Get('dressed')
  dressed(@Res({ passthrough: true }) response: Response): never {
    response.setHeader('Content-Disposition', 'attachment');
    response.setHeader('ETag', '"x"');
    throw new AppError('GONE', 'Over.');
  }

  @Get(':id')
  one(@Param('id', UuidParam) id: string) {
    return { id };
  }

  @Delete(':id')
  @HttpCode(204)
  remove(): void {}
}

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
  body: Record<string, unknown> & { errors?: { pointer: string; detail: string }[] };
}

let app: NestExpressApplication;
let port: number;
const lines: string[] = [];
const audited: object[] = [];

beforeAll(async () => {
  const config = {
    http: { publicUrl: 'https://files.example', trustProxy: false, corsOrigins: ['https://app.example'] },
    secrets: { link: 'a secret for cursors, long enough' },
    rateLimitScale: 1,
  } as unknown as AppConfig;
  const module = await Test.createTestingModule({
    imports: [ObservabilityModule, HttpModule],
    controllers: [ThingController],
    providers: [{ provide: AuditLog, useValue: { record: (entry: object) => void audited.push(entry) } }],
  })
    .useMocker((token) => {
      if (token === AppConfig) return config;
      if (token === Redis) return { status: 'end' };
      throw new Error(`nothing provides ${String(token)}`);
    })
    .compile();
  const logger = new WaybillLogger({
    level: 'info',
    service: 'test',
    destination: { write: (line: string) => void lines.push(line) },
  });
  app = module.createNestApplication<NestExpressApplication>({ bodyParser: false, logger });
  await configureHttp(app, logger);
  await app.listen(0, '127.0.0.1');
  port = ((app.getHttpServer() as Server).address() as AddressInfo).port;
});

afterAll(async () => {
  await app.close();
  Logger.overrideLogger(false);
});

beforeEach(() => void (lines.length = 0));

function send(
  method: string,
  path: string,
  options: { headers?: Record<string, string | string[]>; body?: string | Buffer } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { port, method, path, headers: options.headers, agent: false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const body = /json/.test(incoming.headers['content-type'] ?? '') && text ? JSON.parse(text) : {};
          resolve({ status: incoming.statusCode!, headers: incoming.headers, text, body });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}

const json = (body: unknown): { headers: Record<string, string>; body: string } => ({
  headers: { 'Content-Type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

describe('R07 refusals', () => {
  it.each(ERROR_CODES)('%s is a problem of its status', async (code) => {
    const answer = await send('GET', `/api/things/code/${code}`);
    expect(answer.status).toBe(PROBLEMS[code].status);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'retry-after': '2',
      'x-extra': 'yes',
    });
    expect(answer.body).toEqual({
      type: `https://files.example/api/problems/${code.toLowerCase().replaceAll('_', '-')}`,
      title: PROBLEMS[code].title,
      status: PROBLEMS[code].status,
      detail: 'Said so.',
      instance: expect.stringMatching(/^\/api\/things\/code\/.+/),
      code,
      requestId: answer.headers['x-request-id'],
    });
  });

  it.each(ERROR_CODES)('%s has its page', async (code) => {
    const page = await send('GET', `/api/problems/${code.toLowerCase().replaceAll('_', '-')}`);
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toContain('text/html');
    for (const part of [code, 'What to do', ...Object.values(PROBLEM_GUIDE[code])]) {
      expect(page.text).toContain(html`${part}`.text);
    }
  });

  it.each([
    ['unknown', 500, 'INTERNAL'],
    ['text', 500, 'INTERNAL'],
    ['nothing', 500, 'INTERNAL'],
    ['driver', 503, 'DEPENDENCY_UNAVAILABLE'],
    ['refused', 503, 'DEPENDENCY_UNAVAILABLE'],
    ['pool', 503, 'DEPENDENCY_UNAVAILABLE'],
    ['terminated', 503, 'DEPENDENCY_UNAVAILABLE'],
    ['redis', 503, 'DEPENDENCY_UNAVAILABLE'],
    ['cancelled', 503, 'DEPENDENCY_UNAVAILABLE'],
    ['id', 400, 'VALIDATION_FAILED'],
    ['nul', 400, 'VALIDATION_FAILED'],
    ['range', 400, 'VALIDATION_FAILED'],
    ['full', 507, 'STORAGE_FULL'],
  ])('an error of kind %s is %i %s, says nothing of itself, and is logged', async (kind, status, code) => {
    const answer = await send('GET', `/api/things/fail/${kind}`);
    expect(answer).toMatchObject({ status, body: { code, requestId: answer.headers['x-request-id'] } });
    expect(answer.text).not.toMatch(/SELECT|srv|secret|stack|uuid|ECONN|Connection/);
    expect(answer.headers['retry-after'] !== undefined).toBe(status === 503);
    const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(logged).toContainEqual(
      expect.objectContaining({
        requestId: answer.body.requestId,
        err: expect.objectContaining({ stack: expect.any(String) }),
      }),
    );
  });

  it('cut an answer that has begun, rather than add to it', async () => {
    await expect(send('GET', '/api/things/half')).rejects.toThrow(/aborted|socket hang up/);
  });

  it('carry nothing of the answer that was planned', async () => {
    const answer = await send('GET', '/api/things/dressed');
    expect(answer.status).toBe(410);
    expect(answer.headers).not.toHaveProperty('content-disposition');
    expect(answer.headers).not.toHaveProperty('etag');
  });

  it('never show a token, neither to the sender nor in the log', async () => {
    for (const path of [
      `/api/share/${TOKEN}?ticket=${TOKEN}`,
      `/api/download/${TOKEN}`,
      `/s/${TOKEN}`,
      `/x/${TOKEN}`,
    ]) {
      const answer = await send('GET', path);
      expect(answer.status).toBe(404);
      expect(answer.text).not.toContain(TOKEN);
    }
    expect(lines).toHaveLength(4);
    expect(lines.join('')).not.toContain(TOKEN);
  });

  it('have their one line in the log', async () => {
    await send('GET', '/api/things/code/FORBIDDEN?token=x', { headers: { 'X-Request-Id': 'req-1' } });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({
        requestId: 'req-1',
        method: 'GET',
        path: '/api/things/code/FORBIDDEN',
        status: 403,
        code: 'FORBIDDEN',
        ms: expect.any(Number),
        bytes: expect.any(Number),
      }),
    ]);
  });
});

describe('addresses', () => {
  it.each(['/', '/nowhere', '/api', '/api/', '/api/nowhere', '/api/things/x/y/z', '/apiary'])(
    'that are unknown (%s) are 404',
    async (path) =>
      expect(await send('GET', path)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } }),
  );

  it.each([
    ['PUT', '/api/things', 'GET, HEAD, OPTIONS, POST'],
    ['PATCH', `/api/things/${ID}`, 'DELETE, GET, HEAD, OPTIONS'],
    ['GET', '/api/things/form', undefined],
  ])('with a wrong method: %s %s', async (method, path, allow) => {
    const answer = await send(method, path);
    if (allow === undefined) return expect(answer.status).toBe(404); // taken by :id
    expect(answer).toMatchObject({ status: 405, headers: { allow }, body: { code: 'METHOD_NOT_ALLOWED' } });
  });

  it('tell their methods to OPTIONS', async () => {
    expect(await send('OPTIONS', '/api/things')).toMatchObject({
      status: 204,
      headers: { allow: 'GET, HEAD, OPTIONS, POST' },
    });
    expect(await send('OPTIONS', '/api/nowhere')).toMatchObject({ status: 404 });
  });

  it('answer HEAD like GET, without the body', async () => {
    const answer = await send('HEAD', `/api/things/${ID}`);
    expect(answer).toMatchObject({ status: 200, text: '', headers: { 'content-type': /json/ } });
    expect(await send('HEAD', '/api/things/code/GONE')).toMatchObject({ status: 410, text: '' });
  });

  it('answer a malformed id like an unknown one', async () => {
    for (const id of ['x', `${ID}0`, '{}', '1e309', 'x'.repeat(5000), '%7B%7D', '%F0%9F%98%80']) {
      const answer = await send('GET', `/api/things/${id}`);
      expect(answer).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
      expect(answer.body.detail).toBe(AppError.notFound().message);
    }
  });

  it.each([
    ['a bad escape in the path', '/api/things/%E0%A4%A', 'path'],
    ['a bare percent', '/api/things/%', 'path'],
    ['NUL in the path', '/api/things/%00', 'id'],
    ['NUL in the query', '/api/things?limit=2&q=a%00b', 'q'],
    ['a bad escape in the query', '/api/things?q=%zz', 'q'],
    ['half a surrogate pair in the query', '/api/things?q=%ED%A0%80', 'q'],
    ['NUL in a name of the query', '/api/things?%00=1', '%00'],
    ['an unknown parameter', '/api/things?nope=1', 'nope'],
    ['limit 0', '/api/things?limit=0', 'limit'],
    ['limit 101', '/api/things?limit=101', 'limit'],
    ['limit x', '/api/things?limit=x', 'limit'],
    ['limit empty', '/api/things?limit=', 'limit'],
    ['limit twice', '/api/things?limit=1&limit=2', 'limit'],
    ['limit 1e1', '/api/things?limit=1e1', 'limit'],
    ['a prototype name', '/api/things?__proto__=1', '__proto__'],
    ['a constructor', '/api/things?constructor=1', 'constructor'],
    ['a forged cursor', '/api/things?cursor=abc', 'cursor'],
    ['an empty cursor', '/api/things?cursor=', 'cursor'],
  ])('R02 with %s are 400 and name it', async (_case, path, pointer) => {
    const answer = await send('GET', path);
    expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED', errors: [{ pointer }] } });
  });
});

describe('pages of lists', () => {
  it('lead on by cursor and Link, and only as they were given', async () => {
    const first = await send('GET', '/api/things?limit=5');
    const cursor = first.body.nextCursor as string;
    expect(first.body.limit).toBe(5);
    expect(first.headers.link).toBe(
      `<https://files.example/api/things?limit=5&cursor=${cursor}>; rel="next"`,
    );
    expect((await send('GET', `/api/things?cursor=${cursor}`)).body).toMatchObject({
      position: ['2026-01-01', 7, null],
    });
    for (let index = 0; index < cursor.length; index++) {
      const forged = cursor.slice(0, index) + (cursor[index] === 'A' ? 'B' : 'A') + cursor.slice(index + 1);
      expect((await send('GET', `/api/things?cursor=${forged}`)).status).toBe(400);
    }
    const other = app.get(CursorCodec).encode('other list', ['2026-01-01', 7, null]);
    expect((await send('GET', `/api/things?cursor=${other}`)).status).toBe(400);
  });
});

describe('limited routes', () => {
  it('tell where one stands, then refuse', async () => {
    for (const remaining of [1, 0]) {
      expect(await send('GET', '/api/things/guess')).toMatchObject({
        status: 200,
        headers: {
          ratelimit: expect.stringMatching(`^"requests";r=\\d+;t=\\d+, "guess";r=${remaining};t=60$`),
          'ratelimit-policy': '"requests";q=300;w=60, "guess";q=2;w=60',
        },
      });
    }
    const refused = await send('GET', '/api/things/guess');
    expect(refused).toMatchObject({
      status: 429,
      headers: { ratelimit: /^"guess";r=0;t=\d+$/, 'retry-after': /^\d+$/ },
      body: { code: 'RATE_LIMITED' },
    });
  });
});

describe('bodies', () => {
  it.each(['\u202Egpj.exe', '$gt', '🦄', "'; --", '\u0001', '\uFFFD'])(
    'R02 keep the text %j',
    async (title) => {
      const answer = await send('POST', '/api/things', json({ title }));
      expect(answer).toMatchObject({ status: 201, body: { title } });
    },
  );

  it.each([
    ['NUL', '{"title":"a\\u0000b"}', '/title'],
    ['half a surrogate pair', '{"title":"\\ud800"}', '/title'],
    ['the other half', '{"list":[{"name":"ok"},{"name":"\\udc00x"}]}', '/list/1/name'],
    ['NUL in a name', '{"title":"x","a\\u0000":1}', '/a\u0000'],
    ['half a pair in a name', '{"\\ud800":"x"}', '/\uFFFD'],
    ['__proto__', '{"title":"x","__proto__":{"admin":true}}', '/__proto__'],
    ['constructor', '{"list":[{"constructor":{"prototype":1}}]}', '/list/0/constructor'],
    ['prototype', '{"prototype":"x"}', '/prototype'],
    ['an unknown property', '{"title":"x","role":"admin"}', '/role'],
    ['an unknown property within', '{"title":"x","list":[{"name":"a","x":1}]}', '/list/0/x'],
    ['a name to be escaped', '{"title":"x","a/b~c":1}', '/a~1b~0c'],
    ['a broken rule', '{"title":7}', '/title'],
    ['a broken rule within', '{"title":"x","list":[{"name":"a"},{"name":"longer"}]}', '/list/1/name'],
    ['what is missing', '{}', '/title'],
    ['no list', '{"title":"x","list":"x"}', '/list'],
    ['infinity', '{"title":"x","size":1e309}', '/size'],
    ['a text of 1 MB', JSON.stringify({ title: 'x'.repeat(1_000_000) }), '/title'],
    ['a text of 1 MiB', JSON.stringify({ title: 'x'.repeat(1_048_576) }), '/title'],
  ])('R02 with %s are 400 and name the field', async (_case, body, pointer) => {
    const answer = await send('POST', '/api/things', json(body));
    expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    expect(answer.body.errors!.map((error) => error.pointer)).toContain(pointer);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it.each([
    ['broken', '{"title":'],
    ['an array', '[]'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['blank', '  '],
    ['10,000 lists deep', `{"title":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
    ['10,000 objects deep', `${'{"list":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    ['40 deep', `{"title":${'['.repeat(40)}${']'.repeat(40)}}`],
    ['of 100,000 values', JSON.stringify({ list: Array.from({ length: 100_000 }, () => 1) })],
  ])('R02 that are %s are malformed', async (_case, body) => {
    expect(await send('POST', '/api/things', json(body))).toMatchObject({
      status: 400,
      body: { code: 'MALFORMED_BODY' },
    });
  });

  it('R02 that are not UTF-8 are malformed', async () => {
    const body = Buffer.concat([Buffer.from('{"title":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    const answer = await send('POST', '/api/things', {
      headers: { 'Content-Type': 'application/json' },
      body,
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 'MALFORMED_BODY' } });
  });

  it.each([
    ['text/plain', '{"title":"x"}'],
    ['application/json; charset=latin1', '{"title":"x"}'],
    ['application/x-www-form-urlencoded', 'title=x'],
    ['multipart/form-data; boundary=x', '--x--'],
    ['', '{"title":"x"}'],
  ])('of type %j are 415 where JSON is wanted', async (type, body) => {
    const headers: Record<string, string> = type === '' ? {} : { 'Content-Type': type };
    expect(await send('POST', '/api/things', { headers, body })).toMatchObject({
      status: 415,
      body: { code: 'UNSUPPORTED_FILE_TYPE' },
    });
  });

  it('that are compressed are 415', async () => {
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
    expect((await send('POST', '/api/things', { headers, body: '{}' })).status).toBe(415);
  });

  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
    'of type %s are read',
    async (type) => {
      const answer = await send('POST', '/api/things', {
        headers: { 'Content-Type': type },
        body: '{"title":"x"}',
      });
      expect(answer.status).toBe(201);
    },
  );

  it('that are absent count as empty objects', async () => {
    expect(await send('POST', '/api/things')).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/title' }] },
    });
  });

  it.each<Record<string, string>>([{ 'Content-Length': '5000000' }, { 'Transfer-Encoding': 'chunked' }])(
    'that are too large are 413 (%j)',
    async (framing) => {
      const headers = { 'Content-Type': 'application/json', ...framing };
      const body = `{"title":"${'x'.repeat(5_000_000 - 12)}"}`;
      const answer = await send('POST', '/api/things', { headers, body }).catch((error: Error) => error);
      // The connection is closed under a sender that goes on: it sees the answer, or that.
      if (answer instanceof Error) expect(answer.message).toMatch(/EPIPE|ECONNRESET|socket hang up/);
      else
        expect(answer).toMatchObject({
          status: 413,
          headers: { connection: 'close' },
          body: { code: 'FILE_TOO_LARGE' },
        });
      expect(lines.join('')).toContain('FILE_TOO_LARGE');
    },
  );

  it('of routes that read for themselves are left on the request', async () => {
    const headers = { 'Content-Type': 'application/offset+octet-stream' };
    const answer = await send('POST', '/api/things/raw', { headers, body: Buffer.alloc(3_000_000) });
    expect(answer).toMatchObject({ status: 200, body: { size: 3_000_000, body: 'undefined' } });
  });

  it('come from forms where a route says so', async () => {
    const form = (body: string) =>
      send('POST', '/api/things/form', {
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body,
      });
    expect(await form('title=a+%26%20%C3%A9')).toMatchObject({ status: 201, body: { title: 'a & é' } });
    expect(await form('title=%00')).toMatchObject({ status: 400, body: { errors: [{ pointer: '/title' }] } });
    expect(await form('title=a&title=b')).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/title' }] },
    });
    expect(await form('__proto__=a')).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/__proto__' }] },
    });
    expect(await form('title=%FF')).toMatchObject({ status: 400, body: { code: 'MALFORMED_BODY' } });
  });
});

describe('heads', () => {
  it('R02 with two Authorization headers are 401', async () => {
    const answer = await send('GET', '/api/things', { headers: { Authorization: ['Bearer a', 'Bearer b'] } });
    expect(answer).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': /^Bearer/ },
      body: { code: 'UNAUTHENTICATED' },
    });
  });

  it.each([
    ['a request id is echoed', 'abc.DEF_1~2-3', true],
    ['one of 128 characters', 'x'.repeat(128), true],
    ['not one of 129', 'x'.repeat(129), false],
    ['nor one with spaces', 'a b', false],
    ['nor one with markup', '<script>', false],
    ['nor an empty one', '', false],
  ])('%s', async (_case, id, echoed) => {
    const answer = await send('GET', '/api/things', { headers: { 'X-Request-Id': id } });
    if (echoed) expect(answer.headers['x-request-id']).toBe(id);
    else expect(answer.headers['x-request-id']).toMatch(/^[A-Za-z0-9_-]{12}-[0-9a-z]+$/);
  });

  it('carry the trace into the log', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    await send('GET', '/api/things', { headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } });
    expect(JSON.parse(lines[0]!)).toMatchObject({ traceId });
  });

  it.each(['/api/things', '/nowhere', '/api/things/fail/unknown', '/api/problems', '/api/things/code/GONE'])(
    'W01 of %s tell browsers to be careful',
    async (path) => {
      const { headers } = await send('GET', path);
      expect(headers).toMatchObject({
        'strict-transport-security': /max-age=\d{8}/,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      });
      for (const part of ["object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]) {
        expect(headers['content-security-policy']).toContain(part);
      }
      expect(headers).not.toHaveProperty('x-powered-by');
    },
  );

  it('let the origins of the list in, and no other', async () => {
    const ask = (origin: string, method = 'GET', extra = {}) =>
      send(method, '/api/things', { headers: { Origin: origin, ...extra } });
    const good = await ask('https://app.example');
    expect(good.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-expose-headers': /Upload-Offset/,
      vary: 'Origin',
    });
    expect(good.headers).not.toHaveProperty('access-control-allow-credentials');
    const preflight = await ask('https://app.example', 'OPTIONS', {
      'Access-Control-Request-Method': 'PATCH',
    });
    expect(preflight).toMatchObject({
      status: 204,
      headers: { 'access-control-allow-headers': /Upload-Metadata/ },
    });
    for (const origin of [
      'https://evil.example',
      'https://app.example.evil.example',
      'null',
      'http://app.example',
    ]) {
      expect((await ask(origin)).headers).not.toHaveProperty('access-control-allow-origin');
      const refused = await ask(origin, 'OPTIONS', { 'Access-Control-Request-Method': 'PATCH' });
      expect(refused.headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  it.each([
    ['a NUL in a header', 'GET /api/things HTTP/1.1\r\nHost: x\r\nX-Odd: a\0b\r\n\r\n', 400],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\r\n\r\n', 400],
    ['an endless head', `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
  ])('with %s are refused before they are requests', async (_case, raw, status) => {
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(raw, 'latin1'));
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('application/problem+json');
    expect(answer).toContain('Strict-Transport-Security');
  });
});
