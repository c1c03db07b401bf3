import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

export type ObjectState = 'writing' | 'live' | 'dead';

/**
 * One object of the store, registered before its first byte is written: whatever a crash leaves behind has a row, and
 * sweepers act on rows alone.
 */
@Entity('objects')
@Check('objects_state', `state IN ('writing', 'live', 'dead')`)
@Index('objects_writing', ['leaseUntil'], { where: `state = 'writing'` })
@Index('objects_dead', ['diedAt'], { where: `state = 'dead'` })
export class StoredObject {
  /** Ordered by bytes (collation C), so that everything under a prefix is one range of the index. */
  @PrimaryColumn('text', { collation: 'C' })
  key: string;

  /** The driver that holds the bytes: the store may change, what is stored stays where it is. */
  @Column('text')
  driver: string;

  @Column('text')
  state: ObjectState;

  /** Size of the sealed bytes; null while they are being written. */
  @Column('bigint', { nullable: true })
  size: number | null;

  /** Until when a writer may be silent before its bytes are taken for abandoned; null once live. */
  @Column('timestamptz', { nullable: true })
  leaseUntil: Date | null;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { nullable: true })
  diedAt: Date | null;
}
