import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What an archive must say of a file before its bytes: computed when it is first asked for. */
export class FileChecksums1763815000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "files" ADD "crc32" bigint`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "files" DROP COLUMN "crc32"`);
  }
}
