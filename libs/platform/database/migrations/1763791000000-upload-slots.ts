import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many uploads of a user run at once: each holds a slot, and no slot is held twice. */
export class UploadSlots1763791000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "uploads" ADD "slot" smallint`);
    await runner.query(
      `CREATE UNIQUE INDEX "uploads_slot" ON "uploads" ("owner_id", "slot") WHERE status = 'uploading' AND slot IS NOT NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX "uploads_slot"`);
    await runner.query(`ALTER TABLE "uploads" DROP COLUMN "slot"`);
  }
}
