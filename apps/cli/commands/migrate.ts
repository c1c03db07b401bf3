import { getDataSourceToken } from '@nestjs/typeorm';
import { AppConfig } from '@waybill/platform/config';
import { migrate, schemaDrift } from '@waybill/platform/database';
// For the check: a feature that is loaded has told TypeORM of its tables.
import '@waybill/features/files';
import '@waybill/features/notifications';
import '@waybill/features/uploads';
import '@waybill/platform/audit';
import '@waybill/platform/idempotency';
import '@waybill/platform/objects';
import { readOptions } from '../arguments';
import { withServices } from '../cli.module';
import type { Command } from '../command';

export const migrateCommand: Command = {
  summary: 'Bring the database schema up to date.',
  usage: `migrate [--check]

Runs the migrations that the database has not seen. Safe to run at any time, also by several at once.

  --check   run nothing; exit 1 and list the differences when the schema is not what this version needs`,

  async run(args) {
    const { check } = readOptions(args, { check: { type: 'boolean' } });
    return check ? reportDrift() : runMigrations();
  },
};

async function runMigrations(): Promise<number> {
  const ran = await migrate(new AppConfig(process.env));
  for (const name of ran) console.log(`migrated: ${name}`);
  if (ran.length === 0) console.log('The schema is up to date.');
  return 0;
}

async function reportDrift(): Promise<number> {
  const drift = await withServices((services) => schemaDrift(services.get(getDataSourceToken())));
  if (drift.length === 0) {
    console.log('The schema is what this version needs.');
    return 0;
  }
  console.error('The schema is not what this version needs. It would take:');
  for (const statement of drift) console.error(`  ${statement}`);
  return 1;
}
