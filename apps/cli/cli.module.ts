import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AccountsModule } from '@waybill/features/auth';
import { ConfigModule } from '@waybill/platform/config';
import { DatabaseModule } from '@waybill/platform/database';
import { EventsModule } from '@waybill/platform/events';
import { ObservabilityModule } from '@waybill/platform/observability';

/** What commands are made of. No Redis: an operator must be able to work while it is away. */
@Module({ imports: [ConfigModule, ObservabilityModule, DatabaseModule, EventsModule, AccountsModule] })
export class CliModule {}

/** Runs `work` with the product's services, quietly, and lets go of everything afterwards. */
export async function withServices<T>(work: (services: INestApplicationContext) => Promise<T>): Promise<T> {
  const services = await NestFactory.createApplicationContext(CliModule, {
    logger: false,
    abortOnError: false,
  });
  try {
    return await work(services);
  } finally {
    await services.close();
  }
}
