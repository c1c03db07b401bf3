import type { Role } from '@waybill/core/kernel';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A person with an account. */
@Entity('users')
@Index('users_deleted', ['deletedAt'], { where: 'deleted_at IS NOT NULL' })
@Check('users_role', `role IN ('admin', 'ops', 'client')`)
export class User {
  @PrimaryColumn('uuid')
  id: string;

  /** Compared without case (citext). */
  @Index('users_email', { unique: true })
  @Column('citext')
  email: string;

  @Column('text', { nullable: true })
  fullName: string | null;

  @Column('text')
  role: Role;

  /** argon2id, in PHC string form. */
  @Column('text')
  passwordHash: string;

  @Column('timestamptz', { nullable: true })
  emailVerifiedAt: Date | null;

  @Column('timestamptz', { nullable: true })
  disabledAt: Date | null;

  /** What this user may store; null is what `USER_QUOTA_BYTES` says. */
  @Column('bigint', { nullable: true })
  quotaBytes: number | null;

  /** A tombstone: nothing of the person is left here, and what the account owned is being removed. */
  @Column('timestamptz', { nullable: true })
  deletedAt: Date | null;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { default: () => 'now()' })
  updatedAt: Date;
}
