import { Global, Module } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';
import { ObservabilityModule, ReadinessChecks } from '@waybill/platform/observability';
import { FileKeyring } from './file-keyring';
import { Keyring } from './keyring';

/** Gives the `Keyring`; a keyring file that cannot be trusted stops the start. */
@Global()
@Module({
  imports: [ObservabilityModule],
  providers: [
    {
      provide: Keyring,
      inject: [AppConfig, ReadinessChecks],
      useFactory: async (config: AppConfig, readiness: ReadinessChecks) => {
        const keyring = await FileKeyring.open(config.keyringFile, Object.values(config.secrets));
        // Nothing can be received without the key that wraps.
        readiness.register('keyring', () => keyring.primaryId());
        return keyring;
      },
    },
  ],
  exports: [Keyring],
})
export class KeyringModule {}
