import type { AppConfig } from '@waybill/platform/config';
import { types } from 'pg';
import type { DataSourceOptions } from 'typeorm';
import { MIGRATIONS } from './migrations';
import { SnakeCaseNaming } from './naming';

const INT8 = 20;
// Sizes and positions are int8 in the database and stay far below 2^53, so numbers they are in code.
types.setTypeParser(INT8, Number);

/**
 * How Waybill talks to PostgreSQL. The schema comes from migrations only; nothing is ever synchronised. A statement
 * or an idle transaction that hangs is ended by the server, so that a dead peer cannot hold locks.
 */
export function dataSourceOptions(config: AppConfig): Extract<DataSourceOptions, { type: 'postgres' }> {
  return {
    type: 'postgres',
    url: config.database.url,
    namingStrategy: new SnakeCaseNaming(),
    migrations: MIGRATIONS,
    migrationsTransactionMode: 'each',
    synchronize: false,
    installExtensions: false,
    uuidExtension: 'pgcrypto',
    logging: false,
    applicationName: 'waybill',
    extra: {
      max: config.database.poolSize,
      connectionTimeoutMillis: 10_000,
      statement_timeout: 30_000,
      idle_in_transaction_session_timeout: 30_000,
    },
  };
}
