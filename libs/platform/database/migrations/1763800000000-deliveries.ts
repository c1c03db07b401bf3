import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Shares, and the ledger of what was handed out through them and through download links. */
export class Deliveries1763800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE "shares" (
        "id" uuid NOT NULL,
        "owner_id" uuid NOT NULL,
        "token_hash" bytea NOT NULL,
        "name" text,
        "password_hash" text,
        "password_revision" integer NOT NULL DEFAULT '0',
        "expires_at" timestamptz NOT NULL,
        "max_downloads" integer,
        "download_count" integer NOT NULL DEFAULT '0',
        "revision" integer NOT NULL DEFAULT '1',
        "created_at" timestamptz NOT NULL DEFAULT now(),
        "updated_at" timestamptz NOT NULL DEFAULT now(),
        "revoked_at" timestamptz,
        CONSTRAINT "PK_shares" PRIMARY KEY ("id")
      )`);
    await runner.query(`CREATE UNIQUE INDEX "shares_token" ON "shares" ("token_hash")`);
    await runner.query(`CREATE INDEX "shares_owner" ON "shares" ("owner_id", "id")`);
    await runner.query(`CREATE INDEX "shares_expiry" ON "shares" ("expires_at")`);
    await runner.query(`CREATE TABLE "share_files" (
        "share_id" uuid NOT NULL,
        "position" integer NOT NULL,
        "file_id" uuid NOT NULL,
        CONSTRAINT "PK_share_files" PRIMARY KEY ("share_id", "position")
      )`);
    await runner.query(`CREATE INDEX "share_files_file" ON "share_files" ("file_id", "share_id")`);
    await runner.query(
      `ALTER TABLE "share_files" ADD CONSTRAINT "share_files_share_fk" FOREIGN KEY ("share_id") REFERENCES "shares"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
    await runner.query(`CREATE TABLE "deliveries" (
        "id" uuid NOT NULL,
        "subject_id" uuid NOT NULL,
        "share_id" uuid,
        "file_ids" uuid array NOT NULL,
        "user_id" uuid,
        "client" bytea NOT NULL,
        "size" bigint NOT NULL,
        "bytes" bigint NOT NULL DEFAULT '0',
        "reserved" bigint NOT NULL DEFAULT '0',
        "forgiven" bigint NOT NULL DEFAULT '0',
        "started_at" timestamptz NOT NULL,
        "completed_at" timestamptz,
        "announced" boolean NOT NULL DEFAULT false,
        CONSTRAINT "PK_deliveries" PRIMARY KEY ("id")
      )`);
    await runner.query(`CREATE INDEX "deliveries_client" ON "deliveries" ("subject_id", "client")`);
    await runner.query(
      `CREATE INDEX "deliveries_void" ON "deliveries" ("started_at") WHERE bytes = 0 AND forgiven = 0 AND reserved = 0 AND completed_at IS NULL`,
    );
    await runner.query(`CREATE INDEX "deliveries_started" ON "deliveries" ("started_at")`);
    await runner.query(`CREATE TABLE "delivery_sendings" (
        "id" uuid NOT NULL,
        "delivery_id" uuid NOT NULL,
        "length" bigint NOT NULL,
        "sent" bigint NOT NULL DEFAULT '0',
        "begun" boolean NOT NULL,
        "lease_until" timestamptz NOT NULL,
        CONSTRAINT "PK_delivery_sendings" PRIMARY KEY ("id")
      )`);
    await runner.query(`CREATE INDEX "delivery_sendings_delivery" ON "delivery_sendings" ("delivery_id")`);
    await runner.query(`CREATE INDEX "delivery_sendings_lease" ON "delivery_sendings" ("lease_until")`);
    await runner.query(
      `ALTER TABLE "delivery_sendings" ADD CONSTRAINT "delivery_sendings_delivery_fk" FOREIGN KEY ("delivery_id") REFERENCES "deliveries"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['delivery_sendings', 'deliveries', 'share_files', 'shares']) {
      await runner.query(`DROP TABLE "${table}"`);
    }
  }
}
