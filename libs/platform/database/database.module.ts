import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AppConfig } from '@waybill/platform/config';
import { ObservabilityModule } from '@waybill/platform/observability';
import { Database } from './database';
import { DatabaseObserver } from './database.observer';
import { dataSourceOptions } from './data-source-options';

/** Connects to PostgreSQL; features bring their entities with `TypeOrmModule.forFeature`. */
@Global()
@Module({
  imports: [
    ObservabilityModule,
    TypeOrmModule.forRootAsync({
      inject: [AppConfig],
      useFactory: (config: AppConfig) => ({
        ...dataSourceOptions(config),
        autoLoadEntities: true,
        retryAttempts: 10,
        retryDelay: 1_000,
      }),
    }),
  ],
  providers: [Database, DatabaseObserver],
  exports: [Database],
})
export class DatabaseModule {}
