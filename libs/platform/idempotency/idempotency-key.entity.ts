import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** `in_progress`: a request holds the key, or died holding it (`leaseUntil` tells). `done`: its answer is kept. */
export type IdempotencyState = 'in_progress' | 'done';

/** What is known of one caller's Idempotency-Key. The key itself, the body and the answer cannot be read here. */
@Entity('idempotency_keys')
@Check('idempotency_keys_state', `state IN ('in_progress', 'done')`)
@Index('idempotency_keys_expiry', ['expiresAt'])
export class IdempotencyKey {
  /** Who sent it: `user:<id>`, or `address:<block>` where nobody is known. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'idempotency_keys_pk' })
  scope: string;

  /** SHA-256 of the key. */
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'idempotency_keys_pk' })
  keyHash: Buffer;

  /** SHA-256 of method and address. */
  @Column('bytea')
  operation: Buffer;

  /** Keyed hash of the body; null until a streamed one has come. */
  @Column('bytea', { nullable: true })
  fingerprint: Buffer | null;

  @Column('text')
  state: IdempotencyState;

  /** The request that holds the key: whoever was taken for dead can change nothing any more. */
  @Column('uuid')
  holder: string;

  @Column('timestamptz')
  leaseUntil: Date;

  /** What the request has made, written in the transaction that made it; null until then. */
  @Column('uuid', { nullable: true })
  subject: string | null;

  /** The answer, sealed; null until it is known. */
  @Column('bytea', { nullable: true })
  answer: Buffer | null;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz')
  expiresAt: Date;
}
