import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ObservabilityModule } from '@waybill/platform/observability';
import { AuditRow } from './audit-entry.entity';
import { AuditLog } from './audit-log';
import { AuditLogRepository } from './audit-log.repository';

/** Where it is put on record who was refused what, and who did what counts. */
@Global()
@Module({
  imports: [ObservabilityModule, TypeOrmModule.forFeature([AuditRow])],
  providers: [AuditLogRepository, AuditLog],
  exports: [AuditLogRepository, AuditLog],
})
export class AuditModule {}
