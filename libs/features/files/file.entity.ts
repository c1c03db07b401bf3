import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

export type FileStatus = 'available' | 'corrupt';
export type FileCategory = 'document' | 'media';
export type FileType = 'video' | 'photo' | 'camera';
export type Visibility = 'clients' | 'restricted' | 'private';

/** A file that can be downloaded: made visible by its sealing, and by nothing else. */
@Entity('files')
@Check('files_status', `status IN ('available', 'corrupt')`)
@Check('files_visibility', `visibility IN ('clients', 'restricted', 'private')`)
@Index('files_owner_created', ['ownerId', 'createdAt', 'id'], { where: 'deleted_at IS NULL' })
@Index('files_owner_name', ['ownerId', 'name', 'id'], { where: 'deleted_at IS NULL' })
@Index('files_owner_size', ['ownerId', 'size', 'id'], { where: 'deleted_at IS NULL' })
@Index('files_clients_created', ['createdAt', 'id'], {
  where: `visibility = 'clients' AND deleted_at IS NULL`,
})
@Index('files_clients_name', ['name', 'id'], { where: `visibility = 'clients' AND deleted_at IS NULL` })
@Index('files_clients_size', ['size', 'id'], { where: `visibility = 'clients' AND deleted_at IS NULL` })
@Index('files_chat', ['chatId', 'createdAt', 'id'], {
  where: 'chat_id IS NOT NULL AND deleted_at IS NULL',
})
@Index('files_group', ['groupId', 'createdAt', 'id'], {
  where: 'group_id IS NOT NULL AND deleted_at IS NULL',
})
@Index('files_expiring', ['expiresAt'], { where: 'expires_at IS NOT NULL AND deleted_at IS NULL' })
@Index('files_owner_search', { synchronize: false })
@Index('files_clients_search', { synchronize: false })
@Index('files_deleted', ['deletedAt'], { where: 'deleted_at IS NOT NULL' })
export class FileRow {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  ownerId: string;

  @Column('text')
  name: string;

  /** Lower case, without the dot. */
  @Column('text')
  extension: string;

  @Column('text')
  mediaType: string;

  @Column('text')
  category: FileCategory;

  @Column('text', { nullable: true })
  fileType: FileType | null;

  @Column('text', { nullable: true })
  title: string | null;

  @Column('text', { nullable: true })
  description: string | null;

  @Column('text', { array: true, default: () => `'{}'` })
  tags: string[];

  @Column('text', { nullable: true })
  chatId: string | null;

  @Column('text', { nullable: true })
  groupId: string | null;

  @Column('text', { default: 'available' })
  status: FileStatus;

  @Column('text', { default: 'clients' })
  visibility: Visibility;

  @Column('timestamptz', { nullable: true })
  expiresAt: Date | null;

  /** The end that its owner was warned of. */
  @Column('timestamptz', { nullable: true })
  warnedOf: Date | null;

  @Column('int', { nullable: true })
  maxDownloads: number | null;

  @Column('int', { default: 0 })
  downloadCount: number;

  /** Bytes of plaintext. */
  @Column('bigint')
  size: number;

  @Column('bytea')
  sha256: Buffer;

  /** Of the bytes; null until an archive has asked for it. */
  @Column('bigint', { nullable: true })
  crc32: number | null;

  @Column('text')
  objectKey: string;

  /** The sealing attempt that won; bound into the object's associated data. */
  @Column('int')
  objectVersion: number;

  /** The data key under `kekId`; null once the file is deleted: with the key the bytes are gone (crypto-shredding). */
  @Column('bytea', { nullable: true })
  wrappedDek: Buffer | null;

  @Column('text')
  kekId: string;

  /** Grows with every change of what the answer says, counters excepted: the ETag, and the cache's key. */
  @Column('int', { default: 1 })
  revision: number;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { default: () => 'now()' })
  updatedAt: Date;

  @Column('timestamptz', { nullable: true })
  deletedAt: Date | null;

  /** The name as search compares it; a trigger keeps it, and the other one. */
  @Column('text', { select: false })
  searchName: string;

  /** The words of name, title, tags and description by weight, and what filters ask for exactly. */
  @Column('tsvector', { select: false })
  searchVector: string;
}
