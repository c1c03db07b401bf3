import { Global, Module } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';
import { FileKeyring } from './file-keyring';
import { Keyring } from './keyring';

/** Gives the `Keyring`; a keyring file that cannot be trusted stops the start. */
@Global()
@Module({
  providers: [
    {
      provide: Keyring,
      inject: [AppConfig],
      useFactory: (config: AppConfig) => FileKeyring.open(config.keyringFile),
    },
  ],
  exports: [Keyring],
})
export class KeyringModule {}
