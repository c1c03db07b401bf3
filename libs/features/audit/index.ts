export { AuditApiModule, AuditWorkerModule } from './audit.module';
export { AuditSweeper } from './audit-sweeper';
export { AuditTrail } from './audit-trail';
