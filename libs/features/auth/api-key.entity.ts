import type { Scope } from '@waybill/core/kernel';
import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { User } from './user.entity';

/** A credential for an integration, of which only the SHA-256 is kept. A revoked one is gone. */
@Entity('api_keys')
@Index('api_keys_user', ['userId', 'id'])
@Index('api_keys_expiry', ['expiresAt'])
export class ApiKey {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  userId: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'api_keys_user_fk' })
  user?: Relation<User>;

  /** What its owner calls it. */
  @Column('text')
  name: string;

  @Index('api_keys_hash', { unique: true })
  @Column('bytea')
  keyHash: Buffer;

  @Column('text', { array: true })
  scopes: Scope[];

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz')
  expiresAt: Date;

  /** To the minute. */
  @Column('timestamptz', { nullable: true })
  lastUsedAt: Date | null;
}
