import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { User } from './user.entity';

export type OneTimePurpose = 'confirm' | 'reset';

/**
 * A token that works once, sent by mail. The token itself is derived from the row's id and a server secret, so that
 * a mail that is sent again carries the same one, and only its SHA-256 is kept.
 */
@Entity('one_time_tokens')
@Check('one_time_tokens_purpose', `purpose IN ('confirm', 'reset')`)
@Index('one_time_tokens_user', ['userId', 'purpose'])
export class OneTimeToken {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  userId: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'one_time_tokens_user_fk' })
  user?: Relation<User>;

  @Column('text')
  purpose: OneTimePurpose;

  @Index('one_time_tokens_hash', { unique: true })
  @Column('bytea')
  tokenHash: Buffer;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz')
  expiresAt: Date;

  @Column('timestamptz', { nullable: true })
  usedAt: Date | null;
}
