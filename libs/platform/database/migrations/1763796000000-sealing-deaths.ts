import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How often a worker died of an upload: content that kills it must not be sealed for ever. */
export class SealingDeaths1763796000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "uploads" ADD "deaths" integer NOT NULL DEFAULT 0`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "uploads" DROP COLUMN "deaths"`);
  }
}
