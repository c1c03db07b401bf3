import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts, uploads and their staging, the object registry, files, and the event outbox. */
export class Foundation1763600000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE EXTENSION IF NOT EXISTS citext');
    await runner.query(`CREATE TABLE "objects" (
        "key" text COLLATE "C" NOT NULL,
        "driver" text NOT NULL,
        "state" text NOT NULL,
        "size" bigint,
        "lease_until" timestamptz,
        "created_at" timestamptz NOT NULL DEFAULT now(),
        "died_at" timestamptz,
        CONSTRAINT "objects_state" CHECK (state IN ('writing', 'live', 'dead')),
        CONSTRAINT "PK_158ab4f5a2053c349101310f518" PRIMARY KEY ("key")
      )`);
    await runner.query(`CREATE INDEX "objects_dead" ON "objects" ("died_at") WHERE state = 'dead'`);
    await runner.query(`CREATE INDEX "objects_writing" ON "objects" ("lease_until") WHERE state = 'writing'`);
    await runner.query(`CREATE TABLE "events" (
        "id" uuid NOT NULL,
        "type" text NOT NULL,
        "occurred_at" timestamptz NOT NULL DEFAULT now(),
        "actor_id" uuid,
        "owner_id" uuid,
        "subject_id" uuid,
        "data" jsonb NOT NULL,
        CONSTRAINT "PK_40731c7151fe4be3116e45ddf73" PRIMARY KEY ("id")
      )`);
    await runner.query(`CREATE INDEX "events_subject" ON "events" ("subject_id", "id")`);
    await runner.query(`CREATE TABLE "event_outbox" (
        "seq" BIGSERIAL NOT NULL,
        "event_id" uuid NOT NULL,
        CONSTRAINT "PK_2afb956db382af0fbe28f1aa4da" PRIMARY KEY ("seq")
      )`);
    await runner.query(`CREATE TABLE "event_feed" (
        "position" bigint NOT NULL,
        "event_id" uuid NOT NULL,
        CONSTRAINT "PK_0354eeeec1881683ed3f1e45134" PRIMARY KEY ("position")
      )`);
    await runner.query(`CREATE UNIQUE INDEX "event_feed_event" ON "event_feed" ("event_id")`);
    await runner.query(`CREATE TABLE "event_cursors" (
        "reader" text NOT NULL,
        "position" bigint NOT NULL DEFAULT '0',
        CONSTRAINT "PK_af3800de65507ece55d2a2be793" PRIMARY KEY ("reader")
      )`);
    await runner.query(`CREATE TABLE "users" (
        "id" uuid NOT NULL,
        "email" citext NOT NULL,
        "full_name" text,
        "role" text NOT NULL,
        "password_hash" text NOT NULL,
        "email_verified_at" timestamptz,
        "disabled_at" timestamptz,
        "created_at" timestamptz NOT NULL DEFAULT now(),
        "updated_at" timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT "users_role" CHECK (role IN ('admin', 'ops', 'client')),
        CONSTRAINT "PK_a3ffb1c0c8416b9fc6f907b7433" PRIMARY KEY ("id")
      )`);
    await runner.query(`CREATE UNIQUE INDEX "users_email" ON "users" ("email")`);
    await runner.query(`CREATE TABLE "sessions" (
        "id" uuid NOT NULL,
        "user_id" uuid NOT NULL,
        "created_at" timestamptz NOT NULL DEFAULT now(),
        "expires_at" timestamptz NOT NULL,
        "revoked_at" timestamptz,
        "revoked_reason" text,
        CONSTRAINT "PK_3238ef96f18b355b671619111bc" PRIMARY KEY ("id")
      )`);
    await runner.query(`CREATE INDEX "sessions_user" ON "sessions" ("user_id")`);
    await runner.query(`CREATE INDEX "sessions_expiry" ON "sessions" ("expires_at")`);
    await runner.query(`CREATE TABLE "refresh_tokens" (
        "token_hash" bytea NOT NULL,
        "session_id" uuid NOT NULL,
        "expires_at" timestamptz NOT NULL,
        "used_at" timestamptz,
        CONSTRAINT "PK_a7838d2ba25be1342091b6695f1" PRIMARY KEY ("token_hash")
      )`);
    await runner.query(`CREATE INDEX "refresh_tokens_session" ON "refresh_tokens" ("session_id")`);
    await runner.query(`CREATE INDEX "refresh_tokens_expiry" ON "refresh_tokens" ("expires_at")`);
    await runner.query(`CREATE TABLE "one_time_tokens" (
        "id" uuid NOT NULL,
        "user_id" uuid NOT NULL,
        "purpose" text NOT NULL,
        "token_hash" bytea NOT NULL,
        "created_at" timestamptz NOT NULL DEFAULT now(),
        "expires_at" timestamptz NOT NULL,
        "used_at" timestamptz,
        CONSTRAINT "one_time_tokens_purpose" CHECK (purpose IN ('confirm', 'reset')),
        CONSTRAINT "PK_8e470cc9ffc1b2afa054304db17" PRIMARY KEY ("id")
      )`);
    await runner.query(`CREATE UNIQUE INDEX "one_time_tokens_hash" ON "one_time_tokens" ("token_hash")`);
    await runner.query(`CREATE INDEX "one_time_tokens_user" ON "one_time_tokens" ("user_id", "purpose")`);
    await runner.query(`CREATE TABLE "mails" (
        "id" uuid NOT NULL,
        "event_id" uuid NOT NULL,
        "recipient_id" uuid NOT NULL,
        "template" text NOT NULL,
        "data" jsonb NOT NULL DEFAULT '{}',
        "status" text NOT NULL DEFAULT 'pending',
        "attempts" integer NOT NULL DEFAULT '0',
        "next_attempt_at" timestamptz NOT NULL DEFAULT now(),
        "created_at" timestamptz NOT NULL DEFAULT now(),
        "sent_at" timestamptz,
        CONSTRAINT "mails_status" CHECK (status IN ('pending', 'sent', 'dropped', 'failed')),
        CONSTRAINT "PK_218248d7dfe1b739f06e2309349" PRIMARY KEY ("id")
      )`);
    await runner.query(
      `CREATE UNIQUE INDEX "mails_event" ON "mails" ("event_id", "recipient_id", "template")`,
    );
    await runner.query(
      `CREATE INDEX "mails_pending" ON "mails" ("next_attempt_at") WHERE status = 'pending'`,
    );
    await runner.query(`CREATE TABLE "files" (
        "id" uuid NOT NULL,
        "owner_id" uuid NOT NULL,
        "name" text NOT NULL,
        "extension" text NOT NULL,
        "media_type" text NOT NULL,
        "category" text NOT NULL,
        "file_type" text,
        "title" text,
        "description" text,
        "tags" text array NOT NULL DEFAULT '{}',
        "chat_id" text,
        "group_id" text,
        "status" text NOT NULL DEFAULT 'available',
        "visibility" text NOT NULL DEFAULT 'clients',
        "expires_at" timestamptz,
        "max_downloads" integer,
        "download_count" integer NOT NULL DEFAULT '0',
        "size" bigint NOT NULL,
        "sha256" bytea NOT NULL,
        "object_key" text NOT NULL,
        "object_version" integer NOT NULL,
        "wrapped_dek" bytea,
        "kek_id" text NOT NULL,
        "revision" integer NOT NULL DEFAULT '1',
        "created_at" timestamptz NOT NULL DEFAULT now(),
        "updated_at" timestamptz NOT NULL DEFAULT now(),
        "deleted_at" timestamptz,
        CONSTRAINT "files_visibility" CHECK (visibility IN ('clients', 'restricted', 'private')),
        CONSTRAINT "files_status" CHECK (status IN ('available', 'corrupt')),
        CONSTRAINT "PK_6c16b9093a142e0e7613b04a3d9" PRIMARY KEY ("id")
      )`);
    await runner.query(
      `CREATE INDEX "files_expiring" ON "files" ("expires_at") WHERE expires_at IS NOT NULL AND deleted_at IS NULL`,
    );
    await runner.query(`CREATE INDEX "files_deleted" ON "files" ("deleted_at") WHERE deleted_at IS NOT NULL`);
    await runner.query(
      `CREATE INDEX "files_clients_size" ON "files" ("size", "id") WHERE visibility = 'clients' AND deleted_at IS NULL`,
    );
    await runner.query(
      `CREATE INDEX "files_clients_name" ON "files" ("name", "id") WHERE visibility = 'clients' AND deleted_at IS NULL`,
    );
    await runner.query(
      `CREATE INDEX "files_clients_created" ON "files" ("created_at", "id") WHERE visibility = 'clients' AND deleted_at IS NULL`,
    );
    await runner.query(
      `CREATE INDEX "files_owner_size" ON "files" ("owner_id", "size", "id") WHERE deleted_at IS NULL`,
    );
    await runner.query(
      `CREATE INDEX "files_owner_name" ON "files" ("owner_id", "name", "id") WHERE deleted_at IS NULL`,
    );
    await runner.query(
      `CREATE INDEX "files_owner_created" ON "files" ("owner_id", "created_at", "id") WHERE deleted_at IS NULL`,
    );
    await runner.query(`CREATE TABLE "storage_usage" (
        "user_id" uuid NOT NULL,
        "used_bytes" bigint NOT NULL DEFAULT '0',
        CONSTRAINT "PK_494d84776dbb5fd7b4141f215f6" PRIMARY KEY ("user_id")
      )`);
    await runner.query(`CREATE TABLE "uploads" (
        "id" uuid NOT NULL,
        "file_id" uuid NOT NULL,
        "owner_id" uuid NOT NULL,
        "door" text NOT NULL,
        "status" text NOT NULL DEFAULT 'uploading',
        "failure_code" text,
        "file_name" text NOT NULL,
        "extension" text NOT NULL,
        "media_type" text NOT NULL,
        "category" text NOT NULL,
        "file_type" text,
        "attributes" jsonb NOT NULL DEFAULT '{}',
        "total_bytes" bigint,
        "offset_bytes" bigint NOT NULL DEFAULT '0',
        "part_count" integer NOT NULL DEFAULT '0',
        "wrapped_dek" bytea,
        "kek_id" text NOT NULL,
        "attempt" integer NOT NULL DEFAULT '0',
        "failures" integer NOT NULL DEFAULT '0',
        "lease_until" timestamptz,
        "retry_at" timestamptz,
        "created_at" timestamptz NOT NULL DEFAULT now(),
        "updated_at" timestamptz NOT NULL DEFAULT now(),
        "received_at" timestamptz,
        "validated_at" timestamptz,
        "completed_at" timestamptz,
        "cancelled_at" timestamptz,
        CONSTRAINT "uploads_status" CHECK (status IN ('uploading', 'received', 'encrypting', 'completed', 'cancelled', 'failed')),
        CONSTRAINT "PK_d1781d1eedd7459314f60f39bd3" PRIMARY KEY ("id")
      )`);
    await runner.query(`CREATE UNIQUE INDEX "uploads_file" ON "uploads" ("file_id")`);
    await runner.query(
      `CREATE INDEX "uploads_open" ON "uploads" ("status", "retry_at") WHERE status IN ('uploading', 'received', 'encrypting')`,
    );
    await runner.query(`CREATE INDEX "uploads_owner" ON "uploads" ("owner_id", "created_at", "id")`);
    await runner.query(`CREATE TABLE "upload_parts" (
        "upload_id" uuid NOT NULL,
        "offset_bytes" bigint NOT NULL,
        "size_bytes" bigint NOT NULL,
        "object_key" text NOT NULL,
        CONSTRAINT "PK_cb86b6dcae9ab572132555fb7a4" PRIMARY KEY ("upload_id", "offset_bytes")
      )`);
    await runner.query(
      `ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_fk" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "refresh_tokens" ADD CONSTRAINT "refresh_tokens_session_fk" FOREIGN KEY ("session_id") REFERENCES "sessions"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "one_time_tokens" ADD CONSTRAINT "one_time_tokens_user_fk" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "upload_parts" ADD CONSTRAINT "upload_parts_upload_fk" FOREIGN KEY ("upload_id") REFERENCES "uploads"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE "upload_parts" CASCADE`);
    await runner.query(`DROP TABLE "uploads" CASCADE`);
    await runner.query(`DROP TABLE "storage_usage" CASCADE`);
    await runner.query(`DROP TABLE "files" CASCADE`);
    await runner.query(`DROP TABLE "mails" CASCADE`);
    await runner.query(`DROP TABLE "one_time_tokens" CASCADE`);
    await runner.query(`DROP TABLE "refresh_tokens" CASCADE`);
    await runner.query(`DROP TABLE "sessions" CASCADE`);
    await runner.query(`DROP TABLE "users" CASCADE`);
    await runner.query(`DROP TABLE "event_cursors" CASCADE`);
    await runner.query(`DROP TABLE "event_feed" CASCADE`);
    await runner.query(`DROP TABLE "event_outbox" CASCADE`);
    await runner.query(`DROP TABLE "events" CASCADE`);
    await runner.query(`DROP TABLE "objects" CASCADE`);
  }
}
