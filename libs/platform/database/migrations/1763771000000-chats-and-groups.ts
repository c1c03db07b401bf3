import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lists of the media of one chat or group: few files, wherever they stand among all others. */
export class ChatsAndGroups1763771000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE INDEX "files_chat" ON "files" ("chat_id", "created_at", "id") WHERE chat_id IS NOT NULL AND deleted_at IS NULL`,
    );
    await runner.query(
      `CREATE INDEX "files_group" ON "files" ("group_id", "created_at", "id") WHERE group_id IS NOT NULL AND deleted_at IS NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX "files_group"`);
    await runner.query(`DROP INDEX "files_chat"`);
  }
}
