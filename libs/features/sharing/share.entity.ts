import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';

/** A link to files, for whoever holds it. Of its token only the SHA-256 is kept. */
@Entity('shares')
@Index('shares_owner', ['ownerId', 'id'])
@Index('shares_expiry', ['expiresAt'])
export class Share {
  @PrimaryColumn('uuid')
  id: string;

  /** On whose rights it stands: they are looked at again whenever it is used. */
  @Column('uuid')
  ownerId: string;

  @Index('shares_token', { unique: true })
  @Column('bytea')
  tokenHash: Buffer;

  /** What the archive of several files is called; null for a single file, which has a name. */
  @Column('text', { nullable: true })
  name: string | null;

  /** argon2id, in PHC form. */
  @Column('text', { nullable: true })
  passwordHash: string | null;

  /** Grows with every change of the password; tickets name it. */
  @Column('int', { default: 0 })
  passwordRevision: number;

  @Column('timestamptz')
  expiresAt: Date;

  @Column('int', { nullable: true })
  maxDownloads: number | null;

  /** Charged by the ledger of deliveries, together with the files. */
  @Column('int', { default: 0 })
  downloadCount: number;

  /** Grows with every change of what the answer says, counters excepted: the ETag. */
  @Column('int', { default: 1 })
  revision: number;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { default: () => 'now()' })
  updatedAt: Date;

  @Column('timestamptz', { nullable: true })
  revokedAt: Date | null;
}

/** A file of a share. It stays when the file is gone, so that the link still says so. */
@Entity('share_files')
@Index('share_files_file', ['fileId', 'shareId'])
export class ShareFile {
  @PrimaryColumn('uuid')
  shareId: string;

  @ManyToOne(() => Share, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'share_id', foreignKeyConstraintName: 'share_files_share_fk' })
  share?: Relation<Share>;

  /** From 0 on, in the order of the archive. */
  @PrimaryColumn('int')
  position: number;

  @Column('uuid')
  fileId: string;
}
