import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What administering accounts takes: quotas, tombstones, invitations, API keys, and failed logins that are remembered. */
export class Accounts1763720000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "users" ADD "quota_bytes" bigint`);
    await runner.query(`ALTER TABLE "users" ADD "deleted_at" timestamptz`);
    await runner.query(`CREATE INDEX "users_deleted" ON "users" ("deleted_at") WHERE deleted_at IS NOT NULL`);
    await runner.query(`CREATE TABLE "invitations" (
        "id" uuid NOT NULL,
        "email" citext NOT NULL,
        "role" text NOT NULL,
        "invited_by" uuid NOT NULL,
        "token_hash" bytea NOT NULL,
        "created_at" timestamptz NOT NULL DEFAULT now(),
        "expires_at" timestamptz NOT NULL,
        "accepted_at" timestamptz,
        CONSTRAINT "invitations_role" CHECK (role IN ('admin', 'ops', 'client')),
        CONSTRAINT "PK_5dec98cfdfd562e4ad3648bbb07" PRIMARY KEY ("id")
      )`);
    await runner.query(`CREATE UNIQUE INDEX "invitations_hash" ON "invitations" ("token_hash")`);
    await runner.query(`CREATE INDEX "invitations_expiry" ON "invitations" ("expires_at")`);
    await runner.query(`CREATE TABLE "api_keys" (
        "id" uuid NOT NULL,
        "user_id" uuid NOT NULL,
        "name" text NOT NULL,
        "key_hash" bytea NOT NULL,
        "scopes" text array NOT NULL,
        "created_at" timestamptz NOT NULL DEFAULT now(),
        "expires_at" timestamptz NOT NULL,
        "last_used_at" timestamptz,
        CONSTRAINT "PK_5c8a79801b44bd27b79228e1dad" PRIMARY KEY ("id")
      )`);
    await runner.query(`CREATE UNIQUE INDEX "api_keys_hash" ON "api_keys" ("key_hash")`);
    await runner.query(`CREATE INDEX "api_keys_user" ON "api_keys" ("user_id", "id")`);
    await runner.query(`CREATE INDEX "api_keys_expiry" ON "api_keys" ("expires_at")`);
    await runner.query(
      `ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_user_fk" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
    await runner.query(`CREATE TABLE "login_failures" (
        "key" bytea NOT NULL,
        "failures" integer NOT NULL,
        "window_ends_at" timestamptz NOT NULL,
        CONSTRAINT "PK_917877ed32c9d30e8b6b72caae3" PRIMARY KEY ("key")
      )`);
    await runner.query(`CREATE INDEX "login_failures_window" ON "login_failures" ("window_ends_at")`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE "login_failures"`);
    await runner.query(`DROP TABLE "api_keys"`);
    await runner.query(`DROP TABLE "invitations"`);
    await runner.query(`ALTER TABLE "users" DROP COLUMN "deleted_at"`);
    await runner.query(`ALTER TABLE "users" DROP COLUMN "quota_bytes"`);
  }
}
