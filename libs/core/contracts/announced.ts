import type { EventType } from './events';

/**
 * Which events are told to their owners' programs, by webhooks and the events feed: what happens to files, uploads and
 * shares. What happens to accounts is the audit's.
 */
const ANNOUNCED: Record<EventType, boolean> = {
  'user.signed_up': false,
  'user.confirmation_requested': false,
  'user.email_verified': false,
  'user.created': false,
  'user.invited': false,
  'user.password_reset_requested': false,
  'user.password_reset': false,
  'user.password_changed': false,
  'user.updated': false,
  'user.disabled': false,
  'user.enabled': false,
  'user.deleted': false,
  'api_key.created': false,
  'api_key.revoked': false,
  'session.started': false,
  'session.ended': false,
  'session.reuse_detected': false,
  'login.failed': false,
  'upload.created': true,
  'upload.received': true,
  'upload.completed': true,
  'upload.failed': true,
  'upload.cancelled': true,
  'upload.retried': true,
  'file.available': true,
  'file.updated': true,
  'file.granted': true,
  'file.deleted': true,
  'file.expiring': true,
  'file.expired': true,
  'file.corrupt': true,
  'file.downloaded': true,
  'share.created': true,
  'share.updated': true,
  'share.revoked': true,
  'share.downloaded': true,
};

export const ANNOUNCED_EVENTS: readonly EventType[] = (Object.keys(ANNOUNCED) as EventType[]).filter(
  (type) => ANNOUNCED[type],
);
