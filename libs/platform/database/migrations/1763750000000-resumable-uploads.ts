import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Uploads that several requests, and instances, may add to: one at a time. */
export class ResumableUploads1763750000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "uploads"
        ADD COLUMN "writer_epoch" integer NOT NULL DEFAULT 0,
        ADD COLUMN "yield_asked" boolean NOT NULL DEFAULT false,
        ADD COLUMN "client_metadata" text`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE "uploads" DROP COLUMN "client_metadata", DROP COLUMN "yield_asked", DROP COLUMN "writer_epoch"`,
    );
  }
}
