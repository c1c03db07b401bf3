import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which end of a file its owner was warned of. */
export class ExpiryWarnings1763820000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "files" ADD "warned_of" timestamptz`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "files" DROP COLUMN "warned_of"`);
  }
}
