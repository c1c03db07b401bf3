import { Agent, get, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Controller, Get, Module, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Response } from 'express';
import { Drain } from '@waybill/platform/observability';
import { GracefulStop } from './graceful-stop';

let held: Response | undefined;
let onHeld: () => void = () => undefined;

@Controller()
class SlowController {
  @Get('slow')
  slow(@Res() response: Response): void {
    response.write('first half, ');
    held = response;
    onHeld();
  }

  @Get('quick')
  quick(): string {
    return 'quick';
  }
}

@Module({ controllers: [SlowController] })
class SlowModule {}

const agent = new Agent({ keepAlive: true });
let app: NestExpressApplication;
let port: number;
let drain: Drain;

beforeEach(async () => {
  app = await NestFactory.create<NestExpressApplication>(SlowModule, { logger: false });
  drain = new Drain();
  await app.init();
});

afterEach(() => agent.destroy());

async function serve(limitMs: number): Promise<GracefulStop> {
  const stop = new GracefulStop(app, drain, limitMs);
  await app.listen(0, '127.0.0.1');
  port = ((app.getHttpServer() as Server).address() as AddressInfo).port;
  return stop;
}

function ask(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = get({ port, host: '127.0.0.1', path, agent }, (incoming: IncomingMessage) => {
      let text = '';
      incoming.on('data', (chunk) => (text += String(chunk)));
      incoming.on('end', () => resolve(text));
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
  });
}

const isHeld = (): Promise<void> => new Promise((resolve) => (onHeld = resolve));

describe('O01 stopping', () => {
  it('lets running requests finish, takes no new ones, and keeps no idle connection', async () => {
    const graceful = await serve(60_000);
    expect(await ask('/quick')).toBe('quick'); // leaves an idle connection behind
    const waiting = isHeld();
    const slow = ask('/slow');
    await waiting;

    const stopped = graceful.stop();
    expect(drain.active).toBe(true);
    const refused = await new Promise((resolve) => connect(port, '127.0.0.1').once('error', resolve));
    expect(refused).toMatchObject({ code: 'ECONNREFUSED' });
    held!.end('second half');
    expect(await slow).toBe('first half, second half');
    await stopped;
  });

  it('cuts off what does not finish in time', async () => {
    const graceful = await serve(200);
    const waiting = isHeld();
    const slow = ask('/slow');
    slow.catch(() => undefined);
    await waiting;
    await graceful.stop();
    await expect(slow).rejects.toThrow('aborted');
  });

  it('happens once, however often it is asked', async () => {
    const graceful = await serve(60_000);
    expect(graceful.stop()).toBe(graceful.stop());
    await graceful.stop();
  });
});
