import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is known of requests that may be repeated. */
export class IdempotencyKeys1763730000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE "idempotency_keys" (
        "scope" text NOT NULL,
        "key_hash" bytea NOT NULL,
        "operation" bytea NOT NULL,
        "fingerprint" bytea,
        "state" text NOT NULL,
        "holder" uuid NOT NULL,
        "lease_until" timestamptz NOT NULL,
        "subject" uuid,
        "answer" bytea,
        "created_at" timestamptz NOT NULL DEFAULT now(),
        "expires_at" timestamptz NOT NULL,
        CONSTRAINT "idempotency_keys_state" CHECK (state IN ('in_progress', 'done')),
        CONSTRAINT "idempotency_keys_pk" PRIMARY KEY ("scope", "key_hash")
      )`);
    await runner.query(`CREATE INDEX "idempotency_keys_expiry" ON "idempotency_keys" ("expires_at")`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE "idempotency_keys"`);
  }
}
