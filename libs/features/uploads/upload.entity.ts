import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';

export const UPLOAD_STATUSES = [
  'uploading',
  'received',
  'encrypting',
  'completed',
  'cancelled',
  'failed',
] as const;
export type UploadStatus = (typeof UPLOAD_STATUSES)[number];
export type UploadDoor = 'multipart' | 'media' | 'tus';

/** A transfer towards Waybill and what became of it. Its row is what racing requests, cancel and workers contend for. */
@Entity('uploads')
@Check(
  'uploads_status',
  `status IN ('uploading', 'received', 'encrypting', 'completed', 'cancelled', 'failed')`,
)
@Index('uploads_owner', ['ownerId', 'createdAt', 'id'])
@Index('uploads_owner_status', ['ownerId', 'status', 'createdAt', 'id'])
@Index('uploads_open', ['status', 'retryAt'], { where: `status IN ('uploading', 'received', 'encrypting')` })
@Index('uploads_slot', ['ownerId', 'slot'], {
  unique: true,
  where: `status = 'uploading' AND slot IS NOT NULL`,
})
@Index('uploads_file', ['fileId'], { unique: true })
export class Upload {
  @PrimaryColumn('uuid')
  id: string;

  /** The file that this becomes; known from the start. */
  @Column('uuid')
  fileId: string;

  @Column('uuid')
  ownerId: string;

  @Column('text')
  door: UploadDoor;

  @Column('text', { default: 'uploading' })
  status: UploadStatus;

  @Column('text', { nullable: true })
  failureCode: string | null;

  @Column('text')
  fileName: string;

  @Column('text')
  extension: string;

  @Column('text')
  mediaType: string;

  @Column('text')
  category: string;

  @Column('text', { nullable: true })
  fileType: string | null;

  /** What the file will say of itself: title, tags, visibility … (`FileAttributes`). */
  @Column('jsonb', { default: () => `'{}'` })
  attributes: unknown;

  /** Which of its owner's transfers it is while it runs, counted from 1; null while nobody sends. */
  @Column('smallint', { nullable: true })
  slot: number | null;

  /** Declared size in bytes; an estimate for a multipart that runs, null where it is not known. */
  @Column('bigint', { nullable: true })
  totalBytes: number | null;

  /** Bytes of plaintext that are durable, and paid for by the owner's quota. */
  @Column('bigint', { default: 0 })
  offsetBytes: number;

  @Column('int', { default: 0 })
  partCount: number;

  /** The staging key under `kekId`; null once staging is gone. */
  @Column('bytea', { nullable: true })
  wrappedDek: Buffer | null;

  @Column('text')
  kekId: string;

  /** Number of sealings begun; the fence: only the newest may publish. */
  @Column('int', { default: 0 })
  attempt: number;

  /** Number of sealings that failed since the last one asked for by hand. */
  @Column('int', { default: 0 })
  failures: number;

  /** Number of sealings whose worker said nothing more, since the last one asked for by hand. */
  @Column('int', { default: 0 })
  deaths: number;

  /** Until when the process that works on this may be silent. */
  @Column('timestamptz', { nullable: true })
  leaseUntil: Date | null;

  /** Number of requests that have written to this; the fence among them: only the newest may commit. */
  @Column('int', { default: 0 })
  writerEpoch: number;

  /** Somebody waits for the one who writes now: he is to make durable what he has, and stop. */
  @Column('boolean', { default: false })
  yieldAsked: boolean;

  /** `Upload-Metadata` of a tus upload, as its client gave it. */
  @Column('text', { nullable: true })
  clientMetadata: string | null;

  /** When the next sealing may begin. */
  @Column('timestamptz', { nullable: true })
  retryAt: Date | null;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { default: () => 'now()' })
  updatedAt: Date;

  @Column('timestamptz', { nullable: true })
  receivedAt: Date | null;

  /** When its content was found to be what its name says. */
  @Column('timestamptz', { nullable: true })
  validatedAt: Date | null;

  @Column('timestamptz', { nullable: true })
  completedAt: Date | null;

  @Column('timestamptz', { nullable: true })
  cancelledAt: Date | null;
}

/** A contiguous, sealed piece of an upload's bytes in staging; parts follow each other without gap or overlap. */
@Entity('upload_parts')
export class UploadPart {
  @PrimaryColumn('uuid')
  uploadId: string;

  @ManyToOne(() => Upload, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'upload_id', foreignKeyConstraintName: 'upload_parts_upload_fk' })
  upload?: Relation<Upload>;

  /** Where its plaintext begins in the upload; also bound into its associated data. */
  @PrimaryColumn('bigint')
  offsetBytes: number;

  /** Bytes of plaintext. */
  @Column('bigint')
  sizeBytes: number;

  @Column('text')
  objectKey: string;
}
