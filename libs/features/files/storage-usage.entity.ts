import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a user stores, in bytes of plaintext: staged and sealed alike. Charged and released with the rows it counts. */
@Entity('storage_usage')
export class StorageUsage {
  @PrimaryColumn('uuid')
  userId: string;

  @Column('bigint', { default: 0 })
  usedBytes: number;
}
