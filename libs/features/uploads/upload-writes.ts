import { Injectable } from '@nestjs/common';
import { Gate } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { Database, type Tx } from '@waybill/platform/database';

/**
 * Where what uploads write waits for its turn, and never for a connection, its owners taking turns: those of one owner
 * wait for each other's quota anyway, and however many there are, half of the pool is left for questions.
 */
@Injectable()
export class UploadWrites {
  private readonly gate: Gate;

  constructor(
    private readonly database: Database,
    config: AppConfig,
  ) {
    this.gate = new Gate({ width: Math.ceil(config.database.poolSize / 2) });
  }

  /** Runs one statement. */
  pass<T>(lane: string, statement: () => Promise<T>): Promise<T> {
    return this.gate.pass(lane, statement);
  }

  transaction<T>(lane: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.gate.pass(lane, () => this.database.transaction(work));
  }

  /** A transaction where there is more than one thing to do, and else the statement alone, which is one. */
  together<T>(
    lane: string,
    statement: (tx?: Tx) => Promise<T>,
    more: ((tx: Tx) => Promise<void>) | undefined,
  ): Promise<T> {
    if (!more) return this.pass(lane, () => statement());
    return this.transaction(lane, async (tx) => {
      const result = await statement(tx);
      await more(tx);
      return result;
    });
  }
}
