import { Module } from '@nestjs/common';
import { AuditModule } from '@waybill/platform/audit';
import { AuditController } from './audit.controller';
import { AuditSweeper } from './audit-sweeper';
import { AuditTrail } from './audit-trail';

/** Admins look at the audit here. */
@Module({ imports: [AuditModule], controllers: [AuditController] })
export class AuditApiModule {}

/** The worker's part: events become entries, and old entries go. */
@Module({
  imports: [AuditModule],
  providers: [AuditTrail, AuditSweeper],
  exports: [AuditTrail, AuditSweeper],
})
export class AuditWorkerModule {}
