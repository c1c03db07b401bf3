import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Mails that gather what happens to one thing, and who wants which mails no more. */
export class DownloadMails1763841000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "mails" ADD "subject_id" uuid`);
    await runner.query(`ALTER TABLE "mails" ADD "times" integer NOT NULL DEFAULT '1'`);
    await runner.query(
      `CREATE UNIQUE INDEX "mails_gathering" ON "mails" ("recipient_id", "template", "subject_id") WHERE subject_id IS NOT NULL AND status = 'pending' AND attempts = 0`,
    );
    await runner.query(
      `CREATE INDEX "mails_subject" ON "mails" ("recipient_id", "template", "subject_id") WHERE subject_id IS NOT NULL`,
    );
    await runner.query(`CREATE TABLE "muted_mails" (
        "user_id" uuid NOT NULL,
        "template" text NOT NULL,
        "created_at" timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT "PK_muted_mails" PRIMARY KEY ("user_id", "template")
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE "muted_mails"`);
    await runner.query(`DROP INDEX "mails_subject"`);
    await runner.query(`DROP INDEX "mails_gathering"`);
    await runner.query(`ALTER TABLE "mails" DROP COLUMN "times"`);
    await runner.query(`ALTER TABLE "mails" DROP COLUMN "subject_id"`);
  }
}
