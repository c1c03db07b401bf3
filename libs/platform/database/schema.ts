import type { AppConfig } from '@waybill/platform/config';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source-options';

/**
 * Brings the schema up to date and tells the names of the migrations that ran. Several processes may call it at once:
 * an advisory lock lets one work while the others wait.
 */
export async function migrate(config: AppConfig): Promise<string[]> {
  const source = await new DataSource(unhurried(dataSourceOptions(config))).initialize();
  const lock = source.createQueryRunner();
  try {
    await lock.query(`SELECT pg_advisory_lock(hashtextextended('waybill:migrate', 0))`);
    const ran = await source.runMigrations();
    return ran.map((migration) => migration.name);
  } finally {
    await lock.release();
    await source.destroy();
  }
}

/** An index over many rows takes its time, and so does waiting for whoever else is migrating. */
function unhurried(options: ReturnType<typeof dataSourceOptions>): typeof options {
  const { statement_timeout: _, stream: __, ...extra } = options.extra as Record<string, unknown>;
  return { ...options, extra: { ...extra, options: '-c statement_timeout=0' } };
}

/** The statements that would make the schema what the entities say; none when the migrations are complete. */
export async function schemaDrift(source: DataSource): Promise<string[]> {
  const log = await source.driver.createSchemaBuilder().log();
  return log.upQueries.map((query) => query.query);
}
