import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whose each event is stands in the feed as well, so that somebody's own part of it costs what it holds. */
export class OwnFeed1763810000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "event_feed" ADD "owner_id" uuid`);
    await runner.query(`UPDATE "event_feed" feed SET "owner_id" = event."owner_id" FROM "events" event
      WHERE event."id" = feed."event_id" AND event."owner_id" IS NOT NULL`);
    await runner.query(
      `CREATE INDEX "event_feed_owner" ON "event_feed" ("owner_id", "position") WHERE owner_id IS NOT NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX "event_feed_owner"`);
    await runner.query(`ALTER TABLE "event_feed" DROP "owner_id"`);
  }
}
