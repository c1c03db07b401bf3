import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** `dropped`: there was nothing to say any more (the link had been used, the account was gone). */
export type MailStatus = 'pending' | 'sent' | 'dropped' | 'failed';

/**
 * A mail that is owed to somebody because of an event. The row is the truth, the queue a hint: what is `pending` is
 * sent whatever becomes of Redis. Texts and tokens are made when it is sent; nothing secret rests here.
 */
@Entity('mails')
@Check('mails_status', `status IN ('pending', 'sent', 'dropped', 'failed')`)
@Index('mails_pending', ['nextAttemptAt'], { where: `status = 'pending'` })
@Index('mails_event', ['eventId', 'recipientId', 'template'], { unique: true })
@Index('mails_file_granted', { synchronize: false })
@Index('mails_gathering', ['recipientId', 'template', 'subjectId'], {
  unique: true,
  where: `subject_id IS NOT NULL AND status = 'pending' AND attempts = 0`,
})
@Index('mails_subject', ['recipientId', 'template', 'subjectId'], { where: 'subject_id IS NOT NULL' })
export class Mail {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  eventId: string;

  @Column('uuid')
  recipientId: string;

  @Column('text')
  template: string;

  /** The ids that the text is made from. */
  @Column('jsonb', { default: {} })
  data: unknown;

  /** What a mail gathers the news of; null for one that tells of its event alone. */
  @Column('uuid', { nullable: true })
  subjectId: string | null;

  /** How many events it tells of. Once a try was begun there come no more. */
  @Column('int', { default: 1 })
  times: number;

  @Column('text', { default: 'pending' })
  status: MailStatus;

  @Column('int', { default: 0 })
  attempts: number;

  @Column('timestamptz', { default: () => 'now()' })
  nextAttemptAt: Date;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { nullable: true })
  sentAt: Date | null;
}
