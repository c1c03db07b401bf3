import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Clock, uuidv7 } from '@waybill/core/kernel';
import { Metrics } from '@waybill/platform/observability';
import { AuditLogRepository, type AuditRecord } from './audit-log.repository';

/** What is put on record; what is not known is absent. */
export type AuditEntry = Pick<AuditRecord, 'action' | 'outcome'> &
  Partial<Pick<AuditRecord, 'code' | 'actorId' | 'objectId' | 'address' | 'requestId'>>;

/** How long entries are gathered, and how long the database is left alone that has just failed. */
const GATHER_MS = 500;
const FAILED_MS = 2_000;
/** Different entries that may wait; a flood of the same is one. */
const CAPACITY = 2_000;

/**
 * Puts on record what was refused, and what may be looked at but not in secret. No request waits for it: entries are
 * gathered for half a second and written together, the same ones as one with a count. While the database is away they
 * wait, as many as there is room for; what finds none is counted in `waybill_audit_entries_total`.
 */
@Injectable()
export class AuditLog implements BeforeApplicationShutdown {
  private readonly log = new Logger(AuditLog.name);
  private readonly entries;
  private waiting = new Map<string, AuditRecord>();
  private timer?: NodeJS.Timeout;
  private writing?: Promise<void>;

  constructor(
    private readonly repository: AuditLogRepository,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    const help = 'Entries of the audit that were written, or dropped for want of room';
    this.entries = metrics.counter('waybill_audit_entries_total', help, ['outcome']);
    this.entries.inc({ outcome: 'dropped' }, 0);
  }

  record(entry: AuditEntry): void {
    const { action, outcome, code = null, actorId = null, objectId = null, address = null } = entry;
    // Whoever is told to wait asks for anything: which thing it was does not matter.
    const object = code === 'RATE_LIMITED' ? null : objectId;
    const key = JSON.stringify([action, outcome, code, actorId, object, address]);
    const same = this.waiting.get(key);
    if (same !== undefined) same.times += 1;
    else if (this.waiting.size >= CAPACITY) this.entries.inc({ outcome: 'dropped' });
    else
      this.waiting.set(
        key,
        this.recordOf({
          action,
          outcome,
          code,
          actorId,
          objectId: object,
          address,
          requestId: entry.requestId,
        }),
      );
    this.schedule(GATHER_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.writing;
    await this.flush();
    clearTimeout(this.timer);
  }

  private recordOf(entry: AuditEntry): AuditRecord {
    const unknown = { code: null, actorId: null, objectId: null, address: null };
    const { requestId = null } = entry;
    return { ...unknown, ...entry, requestId, id: uuidv7(), at: this.clock.now(), times: 1, data: null };
  }

  private schedule(afterMs: number): void {
    if (this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.writing = this.flush();
    }, afterMs);
    this.timer.unref();
  }

  private async flush(): Promise<void> {
    const batch = this.waiting;
    if (batch.size === 0) return;
    this.waiting = new Map();
    try {
      await this.repository.insert([...batch.values()]);
      this.entries.inc({ outcome: 'written' }, batch.size);
    } catch (error) {
      this.log.warn('The audit could not be written yet', error);
      this.takeBack(batch);
      this.schedule(FAILED_MS);
    }
  }

  /** What waited first is written first. */
  private takeBack(batch: Map<string, AuditRecord>): void {
    for (const [key, record] of this.waiting) {
      const same = batch.get(key);
      if (same !== undefined) same.times += record.times;
      else if (batch.size < CAPACITY) batch.set(key, record);
      else this.entries.inc({ outcome: 'dropped' });
    }
    this.waiting = batch;
  }
}
