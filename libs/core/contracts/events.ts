/**
 * Everything that is announced: type → what it says. Data is thin (ids, names, codes) and never secret; whoever needs
 * more asks for it with his own rights.
 */
export interface EventCatalogue {
  'user.signed_up': { userId: string };
  'user.confirmation_requested': { userId: string; tokenId: string };
  'user.email_verified': { userId: string };
  'user.created': { userId: string; role: string };
  'user.invited': { invitationId: string; role: string };
  'user.password_reset_requested': { userId: string; tokenId: string };
  'user.password_reset': { userId: string };
  'user.password_changed': { userId: string };
  'user.updated': { userId: string; changes: string[] };
  'user.disabled': { userId: string };
  'user.enabled': { userId: string };
  'user.deleted': { userId: string };
  'api_key.created': { userId: string; apiKeyId: string };
  'api_key.revoked': { userId: string; apiKeyId: string };
  'session.started': { userId: string; sessionId: string };
  'session.ended': { userId: string; sessionId: string };
  'session.reuse_detected': { userId: string; sessionId: string };
  'login.failed': { userId: string };
  'upload.created': { uploadId: string; fileId: string; fileName: string };
  'upload.received': { uploadId: string; fileId: string; fileName: string; size: number };
  'upload.completed': { uploadId: string; fileId: string; fileName: string; size: number };
  'upload.failed': { uploadId: string; fileId: string; fileName: string; failureCode: string };
  'upload.cancelled': { uploadId: string; fileId: string; fileName: string };
  'upload.retried': { uploadId: string; fileId: string; fileName: string };
  'file.available': { fileId: string; fileName: string; size: number; visibility: string };
  /** `changed`: the names of the properties. */
  'file.updated': { fileId: string; fileName: string; changed: string[] };
  /** A restricted file is there for this client from now on; the event is his. */
  'file.granted': { fileId: string; fileName: string; userId: string };
  'file.deleted': { fileId: string; fileName: string };
  /** Its end is near; `expiresAt` in RFC 3339. */
  'file.expiring': { fileId: string; fileName: string; expiresAt: string };
  'file.expired': { fileId: string; fileName: string };
  'file.corrupt': { fileId: string; fileName: string; code: 'INTEGRITY_FAILURE' };
  'file.downloaded': { fileId: string; fileName: string };
  'share.created': { shareId: string; fileIds: string[] };
  /** `changed`: the names of the properties. */
  'share.updated': { shareId: string; fileIds: string[]; changed: string[] };
  'share.revoked': { shareId: string; fileIds: string[] };
  /** Whoever holds the link has got all of it. */
  'share.downloaded': { shareId: string; fileIds: string[]; fileName: string };
}

export type EventType = keyof EventCatalogue;

/** An event as it is written: what happened, by whom, to what, and whose it is. */
export interface NewEvent<T extends EventType = EventType> {
  type: T;
  /** Who did it; null when the system did. */
  actorId: string | null;
  /** Whose sockets, hooks and feed tell of it. */
  ownerId: string | null;
  /** What it happened to. */
  subjectId: string;
  data: EventCatalogue[T];
}

/** An event as every transport gives it. The id is the same in all of them. */
export interface CommittedEvent<T extends EventType = EventType> extends NewEvent<T> {
  /** Its place in the feed: 1, 2, 3 … in an order that never changes. */
  position: number;
  id: string;
  occurredAt: Date;
}

/** A committed event of any type, discriminated by `type`. */
export type AnyCommittedEvent = { [T in EventType]: CommittedEvent<T> }[EventType];
