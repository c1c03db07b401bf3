import { Column, Entity, Generated, Index, PrimaryColumn } from 'typeorm';

/**
 * One thing that happened, written in the transaction that made it happen. Append-only: e-mails, webhooks, sockets,
 * the feed and the audit are all made from these rows.
 */
@Entity('events')
@Index('events_subject', ['subjectId', 'id'])
export class EventRow {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  type: string;

  @Column('timestamptz', { default: () => 'now()' })
  occurredAt: Date;

  /** Who did it; null when the system did. */
  @Column('uuid', { nullable: true })
  actorId: string | null;

  /** Whose it is: the user whose sockets, hooks and feed tell of it. */
  @Column('uuid', { nullable: true })
  ownerId: string | null;

  /** What it happened to (a file, an upload, a user). */
  @Column('uuid', { nullable: true })
  subjectId: string | null;

  /** Ids, names and codes; never a secret. */
  @Column('jsonb')
  data: unknown;
}

/** An event that has no place in the feed yet. Written with the event, taken by the sequencer. */
@Entity('event_outbox')
export class OutboxRow {
  /** Insertion order. Not commit order: that is why there is a sequencer. */
  @Generated('increment')
  @PrimaryColumn('bigint')
  seq: number;

  @Column('uuid')
  eventId: string;
}

/** The feed: committed events in an order that never changes. Append-only; positions have no gaps. */
@Entity('event_feed')
@Index('event_feed_owner', ['ownerId', 'position'], { where: 'owner_id IS NOT NULL' })
export class FeedRow {
  @PrimaryColumn('bigint')
  position: number;

  @Index('event_feed_event', { unique: true })
  @Column('uuid')
  eventId: string;

  /** As the event has it. */
  @Column('uuid', { nullable: true })
  ownerId: string | null;
}

/** How far each reader of the feed has come. */
@Entity('event_cursors')
export class CursorRow {
  @PrimaryColumn('text')
  reader: string;

  @Column('bigint', { default: 0 })
  position: number;
}
