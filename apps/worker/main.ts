import 'reflect-metadata';
import { config } from './settings';
import { NestFactory } from '@nestjs/core';
import { captureConsole, Drain, OperationsServer, WaybillLogger } from '@waybill/platform/observability';
import { WorkerModule } from './worker.module';

async function main(): Promise<void> {
  const logger = new WaybillLogger({ level: config.logLevel, service: 'worker' });
  captureConsole(logger);
  const worker = await NestFactory.createApplicationContext(WorkerModule, { logger, abortOnError: false });
  const operations = await OperationsServer.beside(worker, 'worker');
  logger.log('The worker is ready.');

  let stopping = false;
  const stop = (): void => {
    // A second signal means now: what is left undone is found by the reconciler.
    if (stopping) process.exit(1);
    stopping = true;
    worker.get(Drain).begin();
    setTimeout(() => process.exit(1), config.http.shutdownMs).unref();
    Promise.all([worker.close(), operations?.close()]).then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error('The worker did not stop in good order.', error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Whoever started this process over a channel is gone: nobody would stop it otherwise.
  if (process.send) process.on('disconnect', stop);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
