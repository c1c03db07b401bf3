import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which mails accounts wanted that were deleted before that was forgotten with them. */
export class DepartedPreferences1763842000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `DELETE FROM "muted_mails" WHERE "user_id" NOT IN (SELECT "id" FROM "users" WHERE "deleted_at" IS NULL)`,
    );
  }

  async down(): Promise<void> {
    // What is forgotten stays so.
  }
}
