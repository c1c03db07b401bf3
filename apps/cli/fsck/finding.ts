/** What can be found wrong. Codes are stable: scripts and alarms are built on them. */
export const FINDINGS = {
  OBJECT_MISSING: 'The bytes that a row refers to are not in the store.',
  OBJECT_SIZE: 'An object has not the size that its row implies.',
  REGISTERED_SIZE: 'The registry has another size for an object than its file or part.',
  OBJECT_UNREADABLE: 'The store has the object and cannot read it.',
  OBJECT_UNREGISTERED: 'A file or part refers to an object that the registry does not have.',
  OBJECT_NOT_LIVE: 'A file or part refers to an object that the registry has not, or no more, for live.',
  OBJECT_UNREFERENCED: 'A live object belongs to no file and no part.',
  CONTENT_DAMAGED: 'An object does not decrypt to what was sealed.',
  KEY_DAMAGED: 'A wrapped key does not open, although its KEK is there.',
  KEY_UNAVAILABLE: 'The keyring does not have the KEK of a wrapped key.',
  KEY_NOT_DESTROYED: 'Something that has ended still has its key.',
  TOMBSTONE_OBJECT_LIVE: 'A deleted file still has a live object.',
  FILE_MISSING: 'A completed upload has no file, and nothing tells that it was deleted.',
  ORPHAN_OBJECT: 'The store has an object that no row tells of.',
  ORPHAN_PARTIAL: 'The store has an unfinished write that no row tells of.',
  PARTS_GAP: "An upload's parts leave a gap or overlap.",
  PARTS_SUM: "An upload's parts do not add up to its offset or their number.",
  UPLOAD_STATE: 'The columns of an upload contradict its status.',
  USAGE_DRIFT: 'The bytes that a user is charged for are not those that are stored.',
  FEED_GAP: 'The feed misses positions.',
  FEED_EVENT_MISSING: 'The feed names an event that is not there.',
  OUTBOX_EVENT_MISSING: 'The outbox names an event that is not there.',
  EVENT_UNANNOUNCED: 'An event is neither in the feed nor on its way there.',
  EVENT_TWICE: 'An event is in the feed and waits to be put there again: the sequencer cannot go on.',
} as const;

export type FindingCode = keyof typeof FINDINGS;

export interface Finding {
  code: FindingCode;
  /** The id of the file, upload, user or event, the key of the object, or the position in the feed. */
  subject: string;
  detail: string;
}

/** Worth a look, and no violation: nothing is lost, and it does not count for the exit code. */
export interface Warning {
  code: 'DEAD_BACKLOG' | 'WRITING_BACKLOG' | 'MARKED_CORRUPT' | 'DATABASE_OLDER' | 'STORE_INCOMPLETE';
  subject: string;
  detail: string;
}

/** What may be done about a finding, and to what exactly. */
export type Remedy =
  /** Tells everybody that the file's bytes are not what was sealed, unless it has others by then. */
  | { kind: 'mark-corrupt'; fileId: string; objectKey: string; objectVersion: number }
  /** Gives what no row tells of a row, as dead: the sweeper takes it. */
  | { kind: 'bury'; key: string; driver: string; size: number }
  /** Counts anew what the user stores. */
  | { kind: 'recount'; userId: string };
