export type { AuditOutcome } from './audit-entry.entity';
export { AuditLog, type AuditEntry } from './audit-log';
export { AuditLogRepository, type AuditFilter, type AuditRecord } from './audit-log.repository';
export { AuditModule } from './audit.module';
export { Audited } from './audited.decorator';
export { entryOf, isDenial } from './audited-request';
