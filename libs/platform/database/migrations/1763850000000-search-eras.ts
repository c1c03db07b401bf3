import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * When a file was created, for the index on the texts of what is published: a client who looks for the newest matches
 * visits these, rather than all that there ever were.
 */
export class SearchEras1763850000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Not by the calendar of a time zone: the index needs an answer that is always the same.
    await runner.query(`CREATE FUNCTION search_day(moment timestamptz) RETURNS int
      LANGUAGE sql IMMUTABLE PARALLEL SAFE
      RETURN floor(date_part('epoch', moment - timestamptz '2000-01-01 00:00+00') / 86400)::int`);
    // The day, and spans of 4, 16, 64 and 256 days: a few of them make up any time. Not STRICT, so that it is inlined.
    await runner.query(`CREATE FUNCTION search_eras(moment timestamptz) RETURNS int[]
      LANGUAGE sql IMMUTABLE PARALLEL SAFE
      RETURN ARRAY[
        search_day(moment),
        (1 << 26) + (search_day(moment) >> 2),
        (2 << 26) + (search_day(moment) >> 4),
        (3 << 26) + (search_day(moment) >> 6),
        (4 << 26) + (search_day(moment) >> 8)
      ]`);
    await runner.query(`DROP INDEX "files_clients_search"`);
    await runner.query(`CREATE INDEX "files_clients_search" ON "files"
      USING gin (search_eras("created_at"), "search_vector", "search_name" gin_trgm_ops) WITH (fastupdate = off)
      WHERE visibility = 'clients' AND deleted_at IS NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX "files_clients_search"`);
    await runner.query(`CREATE INDEX "files_clients_search" ON "files"
      USING gin ("search_vector", "search_name" gin_trgm_ops) WITH (fastupdate = off)
      WHERE visibility = 'clients' AND deleted_at IS NULL`);
    await runner.query('DROP FUNCTION search_eras(timestamptz)');
    await runner.query('DROP FUNCTION search_day(timestamptz)');
  }
}
