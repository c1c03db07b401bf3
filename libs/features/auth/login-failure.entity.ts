import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** How often logging in has failed lately, for an account, or for one sender at one account. */
@Entity('login_failures')
@Index('login_failures_window', ['windowEndsAt'])
export class LoginFailure {
  /** SHA-256 of whose failures these are: addresses of people who may have no account do not rest here. */
  @PrimaryColumn('bytea')
  key: Buffer;

  @Column('int')
  failures: number;

  @Column('timestamptz')
  windowEndsAt: Date;
}
