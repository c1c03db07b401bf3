import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';

/** `gone`: the receiver has said so (410). */
export type DisabledReason = 'owner' | 'gone';

/** Where one of the ops wants to be told of what happens to what is his. */
@Entity('webhooks')
@Index('webhooks_owner', ['ownerId', 'id'])
export class Webhook {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  ownerId: string;

  @Column('text')
  url: string;

  /** Types of events; `*` is all of them. */
  @Column('text', { array: true })
  events: string[];

  /** The secret that deliveries are signed with, under `kekId`: a hash would not do for that. Rotated with data keys. */
  @Column('bytea')
  wrappedDek: Buffer;

  @Column('text')
  kekId: string;

  @Column('timestamptz', { nullable: true })
  disabledAt: Date | null;

  @Column('text', { nullable: true })
  disabledReason: DisabledReason | null;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { default: () => 'now()' })
  updatedAt: Date;
}

/** `cancelled`: the webhook was disabled, or its owner may have none any more. */
export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed', 'cancelled'] as const;
export type WebhookDeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** That a webhook is owed an event. The row is the truth, the queue a hint. */
@Entity('webhook_deliveries')
@Check('webhook_deliveries_status', `status IN ('pending', 'delivered', 'failed', 'cancelled')`)
@Index('webhook_deliveries_event', ['webhookId', 'eventId'], { unique: true })
@Index('webhook_deliveries_page', ['webhookId', 'id'])
@Index('webhook_deliveries_line', ['webhookId', 'subjectId', 'position'], { where: `status = 'pending'` })
@Index('webhook_deliveries_due', ['nextAttemptAt'], { where: `status = 'pending'` })
@Index('webhook_deliveries_finished', ['finishedAt'], { where: 'finished_at IS NOT NULL' })
export class WebhookDelivery {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  webhookId: string;

  @ManyToOne(() => Webhook, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'webhook_id', foreignKeyConstraintName: 'webhook_deliveries_webhook_fk' })
  webhook?: Relation<Webhook>;

  /** Of the event: the receiver knows repetitions by it. */
  @Column('uuid')
  eventId: string;

  /** Of the event in the feed: what happens to one thing is delivered in this order. */
  @Column('bigint')
  position: number;

  /** What it happened to; null for a test, which waits for nothing. */
  @Column('uuid', { nullable: true })
  subjectId: string | null;

  /** The body. */
  @Column('jsonb')
  payload: unknown;

  @Column('text', { default: 'pending' })
  status: WebhookDeliveryStatus;

  @Column('int', { default: 0 })
  attempts: number;

  @Column('timestamptz', { default: () => 'now()' })
  nextAttemptAt: Date;

  /** Of the last try: what the receiver answered, or why there was no answer. */
  @Column('int', { nullable: true })
  responseStatus: number | null;

  @Column('text', { nullable: true })
  error: string | null;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { nullable: true })
  finishedAt: Date | null;
}
