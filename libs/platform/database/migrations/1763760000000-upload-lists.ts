import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A user's uploads of one status, in the order of their list. */
export class UploadLists1763760000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE INDEX "uploads_owner_status" ON "uploads" ("owner_id", "status", "created_at", "id")`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX "uploads_owner_status"`);
  }
}
