import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppConfig } from '@waybill/platform/config';
import { nameTusVersion } from '@waybill/features/uploads';
import { configureHttp } from '@waybill/platform/http';
import type { WaybillLogger } from '@waybill/platform/observability';
import { RealtimeAdapter } from '@waybill/platform/realtime';
import { ApiModule } from './api.module';
import { serveDocs } from './docs';

export interface CreateAppOptions {
  logger: WaybillLogger;
  /** What to serve; all of the API by default. */
  module?: Type;
}

/** The API, complete and initialised; it only has to listen. End-to-end tests start the same. */
export async function createApp({
  logger,
  module = ApiModule,
}: CreateAppOptions): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(module, {
    bodyParser: false,
    abortOnError: false,
    logger,
  });
  return configureApp(app, logger);
}

/** Gives an application that was made otherwise (with parts replaced for a test) the manners of the API. */
export async function configureApp(
  app: NestExpressApplication,
  logger: WaybillLogger,
): Promise<NestExpressApplication> {
  const { docs } = app.get(AppConfig).http;
  app.useWebSocketAdapter(new RealtimeAdapter(app));
  return configureHttp(app, logger, () => {
    nameTusVersion(app);
    if (docs) serveDocs(app);
  });
}
