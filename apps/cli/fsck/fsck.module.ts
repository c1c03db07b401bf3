import { Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppConfig } from '@waybill/platform/config';
import { DatabaseModule } from '@waybill/platform/database';
import { EventsModule } from '@waybill/platform/events';
import { KeyringModule } from '@waybill/platform/keyring';
import { StorageModule } from '@waybill/platform/storage';
import { readOnly } from './read-only';

/** What an examination needs of the product: where rows, bytes and keys are. None of the features that wrote them. */
@Module({})
export class FsckModule {
  static with(config: AppConfig): DynamicModule {
    const settings: DynamicModule = {
      module: class Settings {},
      global: true,
      providers: [{ provide: AppConfig, useValue: config }],
      exports: [AppConfig],
    };
    return {
      module: FsckModule,
      imports: [settings, DatabaseModule, EventsModule, KeyringModule, StorageModule],
    };
  }
}

/** Runs `work` with the installation that the environment describes, and lets go of it afterwards. */
export async function withInstallation<T>(
  mode: { readOnly: boolean },
  work: (services: INestApplicationContext) => Promise<T>,
): Promise<T> {
  const config = new AppConfig(process.env);
  if (mode.readOnly) config.database.url = readOnly(config.database.url);
  const module = FsckModule.with(config);
  const services = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  try {
    return await work(services);
  } finally {
    await services.close();
  }
}
