import type { Role } from '@waybill/core/kernel';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * The offer of an account. Its token is derived from the row's id and a server secret, like those of the other mails;
 * only its SHA-256 is kept.
 */
@Entity('invitations')
@Check('invitations_role', `role IN ('admin', 'ops', 'client')`)
@Index('invitations_expiry', ['expiresAt'])
export class Invitation {
  @PrimaryColumn('uuid')
  id: string;

  @Column('citext')
  email: string;

  @Column('text')
  role: Role;

  /** On whose authority: when that ends, so does the offer. */
  @Column('uuid')
  invitedBy: string;

  @Index('invitations_hash', { unique: true })
  @Column('bytea')
  tokenHash: Buffer;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz')
  expiresAt: Date;

  @Column('timestamptz', { nullable: true })
  acceptedAt: Date | null;
}
