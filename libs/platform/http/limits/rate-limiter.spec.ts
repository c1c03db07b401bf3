import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import type { Redis, RedisOptions } from 'ioredis';
import { createRedis } from '@waybill/platform/cache';
import { AppConfig } from '@waybill/platform/config';
import { AppError } from '@waybill/core/kernel';
import { RateLimiter, type RateLimitPolicy } from './rate-limiter';

const config = { rateLimitScale: 1 } as AppConfig;
const LOGIN: RateLimitPolicy = { name: 'login', points: 3, seconds: 60 };

/** Where a test is about Redis, a busy machine must not lead past it. */
class PatientLimiter extends RateLimiter {
  protected override readonly patienceMs = 30_000;
}

let valkey: ChildProcess | undefined;
let url: string;
const clients: Redis[] = [];

beforeAll(async () => {
  Logger.overrideLogger(false);
  url = process.env.WAYBILL_TEST_REDIS_URL ?? (await startValkey());
}, 30_000);

afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect();
});

afterAll(async () => {
  if (valkey === undefined) return;
  valkey.kill();
  await once(valkey, 'exit');
});

async function startValkey(): Promise<string> {
  const port = await freePort();
  valkey = spawn(process.execPath, [join(process.cwd(), 'scripts/services/valkey-process.mjs')], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  valkey.stdin!.end(JSON.stringify({ port, password: 'secret' }));
  return `redis://:secret@127.0.0.1:${port}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function open(redisUrl: string, options: RedisOptions = {}): Redis {
  const redis = createRedis(redisUrl, options);
  clients.push(redis);
  return redis;
}

/** `once` would give up at the first error, and the server may still be starting. */
async function ready(redis: Redis): Promise<void> {
  if (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve));
}

async function connected(redisUrl: string, rateLimitScale = 1): Promise<RateLimiter> {
  const redis = open(redisUrl, { commandTimeout: 30_000 });
  await ready(redis);
  return new PatientLimiter(redis, { rateLimitScale } as AppConfig);
}

/** How many of some simultaneous tries are let through. */
async function admitted(tries: number, attempt: () => Promise<unknown>): Promise<number> {
  const results = await Promise.allSettled(Array.from({ length: tries }, attempt));
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'RATE_LIMITED' });
  }
  return results.filter(({ status }) => status === 'fulfilled').length;
}

let next = 0;
const freshKey = (): string => `${process.pid}-${Date.now()}-${next++}@example.com`;

describe('rate limits', () => {
  it('are shared by all instances, and exact under a race', async () => {
    const [a, b] = [await connected(url), await connected(url)];
    const key = freshKey();
    let turn = 0;
    expect(await admitted(20, () => (turn++ % 2 ? a : b).consume(LOGIN, key))).toBe(3);
    expect(await admitted(1, () => a.consume(LOGIN, freshKey()))).toBe(1);
  });

  it('refuse with the time to wait and the rule', async () => {
    const limit = await connected(url);
    const key = freshKey();
    for (let index = 0; index < 3; index++) {
      expect(await limit.consume(LOGIN, key)).toMatchObject({
        limit: 3,
        remaining: 2 - index,
        exceeded: false,
      });
    }
    const error = await limit.consume(LOGIN, key).catch((thrown: AppError) => thrown);
    expect(error).toMatchObject({
      code: 'RATE_LIMITED',
      headers: {
        'RateLimit-Policy': '"login";q=3;w=60',
        RateLimit: expect.stringMatching(/^"login";r=0;t=(60|5\d)$/),
      },
    });
    expect((error as AppError).retryAfterSeconds).toBeGreaterThan(50);
  });

  it('give points back, and forget', async () => {
    const limit = await connected(url);
    const key = freshKey();
    for (let index = 0; index < 10; index++) {
      await limit.consume(LOGIN, key);
      await limit.refund(LOGIN, key);
    }
    expect(await admitted(5, () => limit.consume(LOGIN, key))).toBe(3);
    await limit.reset(LOGIN, key);
    expect(await admitted(5, () => limit.consume(LOGIN, key))).toBe(3);
  });

  it('scale with the setting', async () => {
    const limit = await connected(url, 2);
    const key = freshKey();
    expect(await admitted(10, () => limit.consume({ ...LOGIN, name: 'scaled' }, key))).toBe(6);
  });

  it('write no e-mail address into Redis', async () => {
    const limit = await connected(url);
    const key = freshKey();
    await limit.consume(LOGIN, key);
    const keys = await clients.at(-1)!.keys('limit:*');
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.join()).not.toContain('@');
  });
});

describe('without Redis, limits', () => {
  it('hold within the instance when nothing listens there', async () => {
    const limit = new RateLimiter(open(`redis://127.0.0.1:${await freePort()}`), config);
    expect(await admitted(20, () => limit.consume(LOGIN, 'a'))).toBe(3);
    await limit.reset(LOGIN, 'a');
    expect(await admitted(20, () => limit.consume(LOGIN, 'a'))).toBe(3);
  });

  it('hold, and answer soon, when it takes connections and says nothing more', async () => {
    const hanging = await startHangingRedis();
    try {
      const redis = open(`redis://127.0.0.1:${hanging.port}`);
      const limit = new RateLimiter(redis, config);
      await ready(redis);
      hanging.hang();
      let gaveUp = false;
      const own = redis.ping().catch(() => void (gaveUp = true)); // the client's own limit: a second
      expect(await admitted(20, () => limit.consume(LOGIN, 'a'))).toBe(3);
      const asked = hanging.commands();
      // The first twenty waited for Redis together; whoever comes now does not ask it at all.
      expect(await admitted(20, () => limit.consume(LOGIN, 'a'))).toBe(0);
      expect(gaveUp).toBe(false);
      expect(hanging.commands()).toBe(asked);
      await own;
    } finally {
      hanging.close();
    }
  });
});

/** Answers the greeting of a client, and after `hang` nothing. */
async function startHangingRedis() {
  let hanging = false;
  let commands = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => {
      if (hanging) commands++;
      else for (const _command of data.toString().match(/^\*\d+/gm) ?? []) socket.write('+OK\r\n');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    hang: () => void (hanging = true),
    commands: () => commands,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
