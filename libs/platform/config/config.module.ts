import { Global, Module } from '@nestjs/common';
import { Clock, SystemClock } from '@waybill/core/kernel';
import { AppConfig } from './app-config';

/** What a process is told from outside: its settings, and the time. The only place that reads the environment. */
@Global()
@Module({
  providers: [
    { provide: AppConfig, useFactory: () => new AppConfig(process.env) },
    { provide: Clock, useClass: SystemClock },
  ],
  exports: [AppConfig, Clock],
})
export class ConfigModule {}
