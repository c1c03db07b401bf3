import type { AppConfig } from '@waybill/platform/config';
import { types, type Client } from 'pg';
import type { DataSourceOptions } from 'typeorm';
import { heardSocket } from './heard-socket';
import { MIGRATIONS } from './migrations';
import { SnakeCaseNaming } from './naming';

const INT8 = 20;
// Sizes and positions are int8 in the database and stay far below 2^53, so numbers they are in code.
types.setTypeParser(INT8, Number);

/** How much longer than its server a process waits before it takes a connection for lost. */
const GRACE_MS = 5_000;

/**
 * How Waybill talks to PostgreSQL. The schema comes from migrations only; nothing is ever synchronised. A statement
 * or an idle transaction that hangs is ended by the server, so that a dead peer cannot hold locks; a server that is
 * gone without a word is given up a little later, so that nobody waits for it.
 */
export function dataSourceOptions(config: AppConfig): Extract<DataSourceOptions, { type: 'postgres' }> {
  const { url, poolSize, statementMs } = config.database;
  return {
    type: 'postgres',
    url,
    namingStrategy: new SnakeCaseNaming(),
    migrations: MIGRATIONS,
    migrationsTransactionMode: 'each',
    synchronize: false,
    installExtensions: false,
    uuidExtension: 'pgcrypto',
    logging: false,
    applicationName: 'waybill',
    extra: {
      max: poolSize,
      connectionTimeoutMillis: 10_000,
      statement_timeout: statementMs,
      idle_in_transaction_session_timeout: statementMs,
      stream: () => heardSocket(statementMs + GRACE_MS),
      onConnect: heedEnd,
    },
  };
}

/**
 * Between the pool, which has let go of a new connection, and TypeORM, which has not taken it yet, nobody would hear of
 * its end; and an error that nobody hears ends the process. Whoever asks such a connection anything is told.
 */
function heedEnd(connection: Client): void {
  connection.on('error', () => undefined);
}
