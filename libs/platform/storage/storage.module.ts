import { Global, Module } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';
import { ObservabilityModule, ReadinessChecks } from '@waybill/platform/observability';
import { ObjectStores } from './object-stores';
import { createObjectStores } from './storage-factory';

/** Gives `ObjectStores`, as the settings have it. */
@Global()
@Module({
  imports: [ObservabilityModule],
  providers: [
    {
      provide: ObjectStores,
      useFactory: (config: AppConfig, readiness: ReadinessChecks) => {
        const stores = createObjectStores(config.storage);
        readiness.register('storage', () => stores.default.check());
        return stores;
      },
      inject: [AppConfig, ReadinessChecks],
    },
  ],
  exports: [ObjectStores],
})
export class StorageModule {}
