import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who was refused what, and who did what counts: entries that nobody changes. */
export class AuditLog1763790000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE "audit_log" (
        "id" uuid NOT NULL,
        "at" timestamptz NOT NULL,
        "action" text NOT NULL,
        "outcome" text NOT NULL,
        "code" text,
        "actor_id" uuid,
        "object_id" uuid,
        "address" text,
        "request_id" text,
        "times" integer NOT NULL DEFAULT 1,
        "data" jsonb,
        CONSTRAINT "PK_audit_log" PRIMARY KEY ("id")
      )`);
    await runner.query(`CREATE INDEX "audit_log_actor" ON "audit_log" ("actor_id", "id")`);
    await runner.query(`CREATE INDEX "audit_log_object" ON "audit_log" ("object_id", "id")`);
    await runner.query(`CREATE INDEX "audit_log_action" ON "audit_log" ("action", "id")`);
    // A mistake or a stolen connection string must not rewrite what happened; only what is old may go.
    await runner.query(`CREATE FUNCTION "audit_log_is_append_only"() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'DELETE' AND OLD.at < now() - interval '7 days' THEN RETURN OLD; END IF;
        RAISE EXCEPTION 'audit_log is append-only' USING ERRCODE = 'insufficient_privilege';
      END $$`);
    await runner.query(`CREATE TRIGGER "audit_log_rows" BEFORE UPDATE OR DELETE ON "audit_log"
      FOR EACH ROW EXECUTE FUNCTION "audit_log_is_append_only"()`);
    await runner.query(`CREATE TRIGGER "audit_log_table" BEFORE TRUNCATE ON "audit_log"
      FOR EACH STATEMENT EXECUTE FUNCTION "audit_log_is_append_only"()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE "audit_log"`);
    await runner.query(`DROP FUNCTION "audit_log_is_append_only"()`);
  }
}
