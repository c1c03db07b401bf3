import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Pool } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { nameConnectionLoss } from './errors';
import type { Statement } from './statement';

/**
 * A transaction in progress. Whoever writes takes one explicitly, so that "these belong together" is visible in the
 * signature and nobody opens a connection behind another's back.
 */
export type Tx = EntityManager;

/** The way to PostgreSQL: statements, alone or in a transaction. */
@Injectable()
export class Database {
  constructor(@InjectDataSource() private readonly source: DataSource) {}

  /** Runs one statement, within `tx` when given. An UPDATE or DELETE with RETURNING answers its rows, too. */
  async query<Row>(sql: string, parameters: unknown[] = [], tx?: Tx): Promise<Row[]> {
    return rowsOf<Row>(await (tx ?? this.source.manager).query(sql, parameters));
  }

  /** The same for a prepared statement. */
  async execute<Row>(statement: Statement, parameters: unknown[] = [], tx?: Tx): Promise<Row[]> {
    return rowsOf<Row>(await (tx ?? this.source.manager).query(asDriverTakesIt(statement), parameters));
  }

  /** Runs `work` in one transaction: committed when its promise resolves, rolled back when it rejects. */
  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    try {
      return await this.source.transaction(work);
    } catch (error) {
      throw nameConnectionLoss(error);
    }
  }

  /** The connections of this process: all that are open, those that nobody uses, and who waits for one. */
  connections(): { total: number; idle: number; waiting: number } {
    const { master } = this.source.driver as unknown as { master: Pool };
    return { total: master.totalCount, idle: master.idleCount, waiting: master.waitingCount };
  }

  /** Whether the database answers; for readiness. */
  async check(): Promise<void> {
    await this.source.query('SELECT 1');
  }
}

/**
 * TypeORM hands the driver what it is given, and the driver takes a statement with a name as well; only TypeORM's types
 * do not say so. A copy, since the driver puts the parameters into it.
 */
function asDriverTakesIt(statement: Statement): string {
  return { ...statement } as unknown as string;
}

/** TypeORM answers `[rows, count]` to UPDATE and DELETE, and rows to all else. */
function rowsOf<Row>(answer: unknown): Row[] {
  if (!Array.isArray(answer)) return [];
  const [first, second] = answer as [unknown, unknown];
  if (answer.length === 2 && Array.isArray(first) && typeof second === 'number') return first as Row[];
  return answer as Row[];
}
