import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What tells an old database beside a newer store, and what sweepers have stopped for. */
export class StoreGenerations1763840000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE "store_generations" (
        "driver" text NOT NULL,
        "generation" bigint NOT NULL,
        "advanced_at" timestamptz NOT NULL,
        CONSTRAINT "store_generations_pkey" PRIMARY KEY ("driver"))`);
    // Where no object was ever registered, nothing can be swept by mistake: such a database goes with any store.
    await runner.query(
      `INSERT INTO "store_generations" SELECT 'local', 0, now() WHERE NOT EXISTS (SELECT FROM "objects")`,
    );
    await runner.query(`CREATE TABLE "sweep_alarms" (
        "name" text NOT NULL,
        "detail" text NOT NULL,
        "since" timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT "sweep_alarms_pkey" PRIMARY KEY ("name"))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE "sweep_alarms"`);
    await runner.query(`DROP TABLE "store_generations"`);
  }
}
