import { Global, Module } from '@nestjs/common';
import { AppConfig } from './app-config';

/** Gives `AppConfig` to whoever asks. The only place that reads the process's environment. */
@Global()
@Module({
  providers: [{ provide: AppConfig, useFactory: () => new AppConfig(process.env) }],
  exports: [AppConfig],
})
export class ConfigModule {}
