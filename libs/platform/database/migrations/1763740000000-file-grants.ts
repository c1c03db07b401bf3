import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Recipients of restricted files, and that each of them is told of a file once. */
export class FileGrants1763740000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE "file_grants" (
        "file_id" uuid NOT NULL,
        "email" citext NOT NULL,
        "created_at" timestamptz NOT NULL,
        "name" text NOT NULL,
        "size" bigint NOT NULL,
        CONSTRAINT "PK_file_grants" PRIMARY KEY ("file_id", "email")
      )`);
    await runner.query(`CREATE INDEX "file_grants_size" ON "file_grants" ("email", "size", "file_id")`);
    await runner.query(`CREATE INDEX "file_grants_name" ON "file_grants" ("email", "name", "file_id")`);
    await runner.query(
      `CREATE INDEX "file_grants_created" ON "file_grants" ("email", "created_at", "file_id")`,
    );
    await runner.query(
      `ALTER TABLE "file_grants" ADD CONSTRAINT "file_grants_file_fk" FOREIGN KEY ("file_id") REFERENCES "files"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
    // Of an expression, which entities cannot describe.
    await runner.query(
      `CREATE UNIQUE INDEX "mails_file_granted" ON "mails" ("recipient_id", (data ->> 'fileId')) WHERE template = 'file-granted'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX "mails_file_granted"`);
    await runner.query(`DROP TABLE "file_grants"`);
  }
}
