import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ObservabilityModule } from '@waybill/platform/observability';
import { ObjectMetrics } from './object-metrics';
import { StoredObject } from './object.entity';
import { ObjectRegistry } from './object-registry';

/** The rows behind the bytes of the object store. */
@Global()
@Module({
  imports: [ObservabilityModule, TypeOrmModule.forFeature([StoredObject])],
  providers: [ObjectRegistry, ObjectMetrics],
  exports: [ObjectRegistry],
})
export class ObjectsModule {}
