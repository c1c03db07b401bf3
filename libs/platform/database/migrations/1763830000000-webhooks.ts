import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Webhooks, and what they are owed. */
export class Webhooks1763830000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE "webhooks" (
        "id" uuid NOT NULL,
        "owner_id" uuid NOT NULL,
        "url" text NOT NULL,
        "events" text array NOT NULL,
        "wrapped_dek" bytea NOT NULL,
        "kek_id" text NOT NULL,
        "disabled_at" timestamptz,
        "disabled_reason" text,
        "created_at" timestamptz NOT NULL DEFAULT now(),
        "updated_at" timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT "PK_webhooks" PRIMARY KEY ("id")
      )`);
    await runner.query(`CREATE INDEX "webhooks_owner" ON "webhooks" ("owner_id", "id")`);
    await runner.query(`CREATE TABLE "webhook_deliveries" (
        "id" uuid NOT NULL,
        "webhook_id" uuid NOT NULL,
        "event_id" uuid NOT NULL,
        "position" bigint NOT NULL,
        "subject_id" uuid,
        "payload" jsonb NOT NULL,
        "status" text NOT NULL DEFAULT 'pending',
        "attempts" integer NOT NULL DEFAULT '0',
        "next_attempt_at" timestamptz NOT NULL DEFAULT now(),
        "response_status" integer,
        "error" text,
        "created_at" timestamptz NOT NULL DEFAULT now(),
        "finished_at" timestamptz,
        CONSTRAINT "webhook_deliveries_status" CHECK (status IN ('pending', 'delivered', 'failed', 'cancelled')),
        CONSTRAINT "PK_webhook_deliveries" PRIMARY KEY ("id")
      )`);
    await runner.query(
      `CREATE INDEX "webhook_deliveries_finished" ON "webhook_deliveries" ("finished_at") WHERE finished_at IS NOT NULL`,
    );
    await runner.query(
      `CREATE INDEX "webhook_deliveries_due" ON "webhook_deliveries" ("next_attempt_at") WHERE status = 'pending'`,
    );
    await runner.query(
      `CREATE INDEX "webhook_deliveries_line" ON "webhook_deliveries" ("webhook_id", "subject_id", "position") WHERE status = 'pending'`,
    );
    await runner.query(`CREATE INDEX "webhook_deliveries_page" ON "webhook_deliveries" ("webhook_id", "id")`);
    await runner.query(
      `CREATE UNIQUE INDEX "webhook_deliveries_event" ON "webhook_deliveries" ("webhook_id", "event_id")`,
    );
    await runner.query(
      `ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_webhook_fk" FOREIGN KEY ("webhook_id") REFERENCES "webhooks"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE "webhook_deliveries"`);
    await runner.query(`DROP TABLE "webhooks"`);
  }
}
