import { BullModule } from '@nestjs/bull';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { QUEUES } from '@waybill/core/contracts';
import { AppConfig } from '@waybill/platform/config';
import { ObservabilityModule } from '@waybill/platform/observability';
import { bullOptions } from './bull-options';
import { JobMetrics } from './job-metrics';
import { JobQueue } from './job-queue';
import { JobRunner } from './job-runner';
import { QueueWatch } from './queue-watch';

/** Bull's queues. `forProducers` hands jobs over; `forWorker` also does them. */
@Global()
@Module({})
export class QueueModule {
  static forProducers(): DynamicModule {
    return {
      module: QueueModule,
      imports: [
        BullModule.forRootAsync({
          inject: [AppConfig],
          useFactory: (config: AppConfig) => bullOptions(config),
        }),
        BullModule.registerQueue(...QUEUES.map((name) => ({ name }))),
      ],
      providers: [JobQueue],
      exports: [JobQueue],
    };
  }

  static forWorker(): DynamicModule {
    const producers = QueueModule.forProducers();
    return {
      ...producers,
      imports: [...(producers.imports ?? []), DiscoveryModule, ObservabilityModule],
      providers: [JobQueue, JobMetrics, JobRunner, QueueWatch],
    };
  }
}
