import type { AnyCommittedEvent, EventType } from '@waybill/core/contracts';

/** What sockets tell their owners of. A further type is a further line here. */
const TOLD: ReadonlySet<EventType> = new Set<EventType>([
  'upload.completed',
  'upload.failed',
  'upload.cancelled',
  'file.available',
  'file.downloaded',
  'file.expired',
  'share.downloaded',
]);

/** An event as every transport gives it. */
export interface SocketMessage {
  id: string;
  type: EventType;
  occurredAt: string;
  data: object;
}

/** What an event says to its owner over a socket; null for what is not told there. */
export function socketMessage({ id, type, occurredAt, data }: AnyCommittedEvent): SocketMessage | null {
  return TOLD.has(type) ? { id, type, occurredAt: occurredAt.toISOString(), data } : null;
}
