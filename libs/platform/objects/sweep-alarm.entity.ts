import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What keeps sweepers from deleting: named in metrics, in the log and by readiness, until it is over. */
export const SWEEP_ALARMS = {
  DATABASE_OLDER: 'the store was written to since this database was backed up',
  STORE_INCOMPLETE: 'the store is not the one, or not all of it, that this database belongs to',
  TOO_MANY_EXPIRED: 'too many files look expired at once',
  STILL_REFERENCED: 'objects are called dead that files or uploads still have',
} as const;

export type SweepAlarmName = keyof typeof SWEEP_ALARMS;

@Entity('sweep_alarms')
export class SweepAlarm {
  @PrimaryColumn('text')
  name: SweepAlarmName;

  @Column('text')
  detail: string;

  @Column('timestamptz', { default: () => 'now()' })
  since: Date;
}
