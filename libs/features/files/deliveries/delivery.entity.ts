import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';

/** That something was handed to somebody: it took one slot of every limit it is under, and may be finished if it broke. */
@Entity('deliveries')
@Index('deliveries_client', ['subjectId', 'client'])
@Index('deliveries_void', ['startedAt'], {
  where: 'bytes = 0 AND forgiven = 0 AND reserved = 0 AND completed_at IS NULL',
})
@Index('deliveries_started', ['startedAt'])
export class Delivery {
  @PrimaryColumn('uuid')
  id: string;

  /** What was asked for: the share, or the file where it went to a user. */
  @Column('uuid')
  subjectId: string;

  /** The share that was charged; null where there was none. */
  @Column('uuid', { nullable: true })
  shareId: string | null;

  /** The files that were charged: one, or all of a bundle. */
  @Column('uuid', { array: true })
  fileIds: string[];

  /** To whom, where that is known. */
  @Column('uuid', { nullable: true })
  userId: string | null;

  /** Address, user agent and user under a keyed hash: recognised again, and told to nobody. */
  @Column('bytea')
  client: Buffer;

  /** Of what is delivered, whole. */
  @Column('bigint')
  size: number;

  /** Sent by requests that have ended, without what is forgiven. */
  @Column('bigint', { default: 0 })
  bytes: number;

  /** What requests under way may still send. */
  @Column('bigint', { default: 0 })
  reserved: number;

  /** Sent, but lost in buffers when connections broke. */
  @Column('bigint', { default: 0 })
  forgiven: number;

  @Column('timestamptz')
  startedAt: Date;

  @Column('timestamptz', { nullable: true })
  completedAt: Date | null;

  /** Whether its end was told of; once, whatever comes after. */
  @Column('boolean', { default: false })
  announced: boolean;
}

/** One request that sends bytes of a delivery, under the lease of the process that answers it. */
@Entity('delivery_sendings')
@Index('delivery_sendings_delivery', ['deliveryId'])
@Index('delivery_sendings_lease', ['leaseUntil'])
export class DeliverySending {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  deliveryId: string;

  @ManyToOne(() => Delivery, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'delivery_id', foreignKeyConstraintName: 'delivery_sendings_delivery_fk' })
  delivery?: Relation<Delivery>;

  /** Bytes it was let in for; they are reserved in its delivery. */
  @Column('bigint')
  length: number;

  /** As last told. */
  @Column('bigint', { default: 0 })
  sent: number;

  /** Whether bytes may have left. The last ones never do before this is committed. */
  @Column('boolean')
  begun: boolean;

  @Column('timestamptz')
  leaseUntil: Date;
}
