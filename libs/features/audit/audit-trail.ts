import { Injectable } from '@nestjs/common';
import type { AnyCommittedEvent, EventType } from '@waybill/core/contracts';
import { AuditLogRepository, type AuditRecord } from '@waybill/platform/audit';
import { EventFeed } from '@waybill/platform/events';

const READER = 'audit';
const BATCH = 500;

/** Refusals are on record as the requests that they were, which tell where they came from. */
const TOLD_BY_REQUESTS: ReadonlySet<EventType> = new Set<EventType>(['login.failed']);

/** What an event is called by those who look for attacks. */
const SECURITY_CODES: Partial<Record<EventType, string>> = {
  'session.reuse_detected': 'REFRESH_REUSE',
  'file.corrupt': 'INTEGRITY_FAILURE',
};

/** Reads the feed, and puts on record what was done: each event once, whatever dies in between. */
@Injectable()
export class AuditTrail {
  constructor(
    private readonly feed: EventFeed,
    private readonly audit: AuditLogRepository,
  ) {}

  /** Tells how many events were new in the feed. */
  async run(): Promise<number> {
    let total = 0;
    for (;;) {
      const consumed = await this.feed.advance(READER, BATCH, async (tx, events) => {
        const records = events.filter(({ type }) => !TOLD_BY_REQUESTS.has(type)).map(recordOf);
        if (records.length > 0) await this.audit.insert(records, tx);
      });
      total += consumed;
      if (consumed < BATCH) return total;
    }
  }
}

function recordOf(event: AnyCommittedEvent): AuditRecord {
  return {
    id: event.id,
    at: event.occurredAt,
    action: event.type,
    outcome: event.type === 'session.reuse_detected' ? 'denied' : 'allowed',
    code: SECURITY_CODES[event.type] ?? null,
    actorId: event.actorId,
    objectId: event.subjectId,
    address: null,
    requestId: null,
    times: 1,
    data: event.data,
  };
}
