import { Injectable } from '@nestjs/common';
import { AuditLogRepository } from '@waybill/platform/audit';
import { AppConfig } from '@waybill/platform/config';

const BATCH = 5_000;

/** Removes entries that are older than `AUDIT_RETENTION_DAYS`. */
@Injectable()
export class AuditSweeper {
  constructor(
    private readonly audit: AuditLogRepository,
    private readonly config: AppConfig,
  ) {}

  /** One batch; tells how many that were. */
  async run(): Promise<number> {
    return this.audit.purge(this.config.auditRetentionDays, BATCH);
  }
}
