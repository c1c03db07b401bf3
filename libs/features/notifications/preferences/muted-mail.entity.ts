import { Column, Entity, PrimaryColumn } from 'typeorm';

/** That somebody wants no mails of a kind any more. */
@Entity('muted_mails')
export class MutedMail {
  @PrimaryColumn('uuid')
  userId: string;

  @PrimaryColumn('text')
  template: string;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;
}
