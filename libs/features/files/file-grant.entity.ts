import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { FileRow } from './file.entity';

/**
 * That a restricted file is meant for an e-mail address: for the client who has verified it, now or one day.
 *
 * What never changes of a file and lists are sorted by stands here again, so that a recipient's list is read off one
 * index in its order, however much there is of his own or of other people's.
 */
@Entity('file_grants')
@Index('file_grants_created', ['email', 'createdAt', 'fileId'])
@Index('file_grants_name', ['email', 'name', 'fileId'])
@Index('file_grants_size', ['email', 'size', 'fileId'])
export class FileGrant {
  @PrimaryColumn('uuid')
  fileId: string;

  @ManyToOne(() => FileRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'file_id', foreignKeyConstraintName: 'file_grants_file_fk' })
  file?: Relation<FileRow>;

  /** As the owner wrote it; compared without case. */
  @PrimaryColumn('citext')
  email: string;

  /** When the file was created, not the grant. */
  @Column('timestamptz')
  createdAt: Date;

  /** Of the file. */
  @Column('text')
  name: string;

  /** Of the file: bytes of plaintext. */
  @Column('bigint')
  size: number;
}
