import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Whether somebody was refused, or what he did (or saw) is on record because of what it was. */
export type AuditOutcome = 'denied' | 'allowed';

/** One line of the audit: who did, or was refused, what on which object. Append-only; the database itself refuses more. */
@Entity('audit_log')
@Index('audit_log_actor', ['actorId', 'id'])
@Index('audit_log_object', ['objectId', 'id'])
@Index('audit_log_action', ['action', 'id'])
export class AuditRow {
  /** A UUIDv7, of the event where there is one: in order of time. */
  @PrimaryColumn('uuid')
  id: string;

  @Column('timestamptz')
  at: Date;

  /** A route (`GET /api/files/:id`) or the type of an event (`user.updated`). */
  @Column('text')
  action: string;

  @Column('text')
  outcome: AuditOutcome;

  /** Of the problem that was answered, or what an event means to a security officer (`REFRESH_REUSE`). */
  @Column('text', { nullable: true })
  code: string | null;

  /** Null when nobody was known, or it was the system. */
  @Column('uuid', { nullable: true })
  actorId: string | null;

  @Column('uuid', { nullable: true })
  objectId: string | null;

  @Column('text', { nullable: true })
  address: string | null;

  @Column('text', { nullable: true })
  requestId: string | null;

  /** How often the same happened within a moment. */
  @Column('int', { default: 1 })
  times: number;

  /** What an event says: ids, names and codes; never a secret. */
  @Column('jsonb', { nullable: true })
  data: unknown;
}
