import 'reflect-metadata';
import { config } from './settings';
import type { Server } from 'node:http';
import { ConfigError } from '@waybill/platform/config';
import { captureConsole, Drain, OperationsServer, WaybillLogger } from '@waybill/platform/observability';
import { createApp } from './create-app';
import { GracefulStop } from './graceful-stop';

/** Proxies keep idle connections for about a minute: whoever closes first must not be the server. */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_MS = 15_000;

async function main(): Promise<void> {
  const logger = new WaybillLogger({ level: config.logLevel, service: 'api' });
  captureConsole(logger);
  process.on('uncaughtException', (error) => void die(logger, error));
  process.on('unhandledRejection', (error) => void die(logger, error));

  const app = await createApp({ logger });
  const server = app.getHttpServer() as Server;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = HEADERS_MS;
  server.requestTimeout = 0; // Honest uploads may be slow; bodies have rules of their own.

  const graceful = new GracefulStop(app, app.get(Drain), config.http.shutdownMs);
  stopWhenTold(graceful, logger, config.http.shutdownMs);
  await OperationsServer.beside(app, 'api');
  await app.listen(config.http.port, config.http.host);
  logger.log('The API is ready.', { url: config.http.publicUrl, port: config.http.port });
}

function stopWhenTold(graceful: GracefulStop, logger: WaybillLogger, limitMs: number): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1); // A second signal means now.
    stopping = true;
    setTimeout(() => process.exit(1), limitMs).unref();
    graceful.stop().then(
      async () => {
        await logger.flush();
        process.exit(0);
      },
      (error: unknown) => void die(logger, error),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Whoever started this process over a channel is gone: nobody would stop it otherwise.
  if (process.send) process.on('disconnect', stop);
}

/** An error that nobody handled leaves the process in no known state; the supervisor starts a new one. */
async function die(logger: WaybillLogger, error: unknown): Promise<never> {
  logger.fatal('The API ends: an error was not handled.', error);
  await logger.flush();
  process.exit(1);
}

main().catch((error: NodeJS.ErrnoException) => {
  console.error(explain(error));
  process.exit(1);
});

function explain(error: NodeJS.ErrnoException): unknown {
  if (error instanceof ConfigError) return error.message;
  if (error.code === 'EADDRINUSE') return `The port is taken: ${error.message}. Set PORT to a free one.`;
  return error;
}
