import { Global, Module } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';
import { ObjectStores } from './object-stores';
import { createObjectStores } from './storage-factory';

/** Gives `ObjectStores`, as the settings have it. */
@Global()
@Module({
  providers: [
    {
      provide: ObjectStores,
      useFactory: (config: AppConfig) => createObjectStores(config.storage),
      inject: [AppConfig],
    },
  ],
  exports: [ObjectStores],
})
export class StorageModule {}
