import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ObservabilityModule } from '@waybill/platform/observability';
import { ObjectMetrics } from './object-metrics';
import { StoredObject } from './object.entity';
import { ObjectRegistry } from './object-registry';
import { StoreGeneration } from './store-generation.entity';
import { StoreGenerations } from './store-generations';
import { SweepAlarm } from './sweep-alarm.entity';
import { SweepAlarms } from './sweep-alarms';

/** The rows behind the bytes of the object store. */
@Global()
@Module({
  imports: [ObservabilityModule, TypeOrmModule.forFeature([StoredObject, StoreGeneration, SweepAlarm])],
  providers: [ObjectRegistry, ObjectMetrics, StoreGenerations, SweepAlarms],
  exports: [ObjectRegistry, StoreGenerations, SweepAlarms],
})
export class ObjectsModule {}
