import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What search compares stands in the files' rows, kept there by a trigger: every way to write a row keeps it right, and
 * entities need not describe expressions.
 */
export class Search1763770000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE EXTENSION IF NOT EXISTS unaccent');
    await runner.query('CREATE EXTENSION IF NOT EXISTS pg_trgm');
    await runner.query('CREATE EXTENSION IF NOT EXISTS btree_gin');

    // Without accents, case and differences of width. unaccent is only "stable" because its rules are a file of the server.
    await runner.query(`CREATE FUNCTION search_fold(input text) RETURNS text
      LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT AS
      $$ BEGIN RETURN lower(unaccent('unaccent', normalize(input, NFKC))); END $$`);
    // Punctuation parts words, so that the parser meets neither hosts nor paths nor signs. Scripts that are written without
    // blanks become words of one character: what stands side by side is then found as a phrase.
    await runner.query(`CREATE FUNCTION search_words(input text) RETURNS text
      LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT AS
      $$ BEGIN RETURN regexp_replace(
        translate(search_fold(input), '!"#$%&''()*+,-./:;<=>?@[\\]^_\`{|}~', repeat(' ', 32)),
        '([\\u0E00-\\u0EFF\\u1000-\\u109F\\u1780-\\u17FF\\u2E80-\\u2FDF\\u3040-\\u30FF\\u3100-\\u312F\\u31A0-\\u31FF\\u3400-\\u4DBF\\u4E00-\\u9FFF\\uA960-\\uA97F\\uAC00-\\uD7FF\\uF900-\\uFAFF\\U00020000-\\U0003FFFF])',
        ' \\1 ', 'g'); END $$`);
    // The words of a term in their order, of which the last may go on unless a sign has ended it; in fields of these
    // weights. No words find nothing.
    await runner.query(`CREATE FUNCTION search_prefix(term text, weights text DEFAULT '') RETURNS tsquery
      LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT AS
      $$ DECLARE
        parted text := search_words(term);
        words text := phraseto_tsquery('simple', parted)::text;
        going_on text := CASE WHEN parted ~ ' $' THEN '' ELSE '*' END;
      BEGIN RETURN CASE WHEN words = '' THEN '' WHEN going_on || weights = '' THEN words
        ELSE words || ':' || going_on || weights END::tsquery; END $$`);
    // The pattern of LIKE for whatever contains a text, every character of which means itself.
    await runner.query(`CREATE FUNCTION search_containing(input text) RETURNS text
      LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT AS
      $$ BEGIN RETURN '%' || regexp_replace(search_fold(input), '([\\\\%_])', '\\\\\\1', 'g') || '%'; END $$`);

    // For lexemes, all of which must be there as they are. Those that the trigger below adds begin with '=', as no word does.
    await runner.query(`CREATE FUNCTION search_lexemes(lexemes text[]) RETURNS tsquery
      LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT AS
      $$ BEGIN RETURN coalesce((
        SELECT string_agg('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''', ' & ') FROM unnest(lexemes) lexeme
      ), '')::tsquery; END $$`);
    await runner.query(`CREATE FUNCTION search_exact(kind text, value text) RETURNS tsquery
      LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT AS
      $$ BEGIN RETURN search_lexemes(ARRAY['=' || kind || ':' || left(search_fold(value), 500)]); END $$`);
    // The characters of a text that are neither letters nor digits nor blanks, each as such a lexeme: what has no trigram is
    // looked for where its signs are.
    await runner.query(`CREATE FUNCTION search_signs(input text) RETURNS text[]
      LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT AS
      $$ BEGIN RETURN ARRAY(
        SELECT DISTINCT '=sign:' || sign
        FROM unnest(string_to_array(regexp_replace(search_fold(input), '[[:alnum:][:space:]]', '', 'g'), NULL)) sign); END $$`);

    await runner.query(`ALTER TABLE "files" ADD "search_name" text, ADD "search_vector" tsvector`);
    // Lexemes that begin with '=' are no words: exact tags, types, categories and signs, found by the same index.
    await runner.query(`CREATE FUNCTION files_search() RETURNS trigger
      LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
      BEGIN
        NEW.search_name := search_fold(NEW.name);
        NEW.search_vector :=
          setweight(to_tsvector('simple', search_words(NEW.name)), 'A')
          || setweight(to_tsvector('simple', search_words(coalesce(NEW.title, ''))), 'B')
          || setweight(to_tsvector('simple', search_words(array_to_string(NEW.tags, ' '))), 'C')
          || setweight(to_tsvector('simple', search_words(coalesce(NEW.description, ''))), 'D')
          || array_to_tsvector(
               ARRAY['=type:' || left(NEW.extension, 100), '=type:' || NEW.category]
               || CASE WHEN NEW.file_type IS NULL THEN '{}' ELSE ARRAY['=type:' || NEW.file_type] END
               || search_signs(NEW.name)
               || ARRAY(SELECT '=tag:' || left(search_fold(tag), 500) FROM unnest(NEW.tags) tag));
        RETURN NEW;
      END $$`);
    await runner.query(`CREATE TRIGGER files_search BEFORE INSERT
      OR UPDATE OF name, title, description, tags, extension, category, file_type, search_name, search_vector
      ON "files" FOR EACH ROW EXECUTE FUNCTION files_search()`);
    await runner.query(`UPDATE "files" SET "search_name" = ''`);
    await runner.query(
      `ALTER TABLE "files" ALTER "search_name" SET NOT NULL, ALTER "search_vector" SET NOT NULL`,
    );

    // Of operator classes, which entities cannot describe. Without fastupdate, or every search would read the list of what
    // was not sorted in yet; files are sealed in the background, where the time for it is.
    await runner.query(`CREATE INDEX "files_owner_search" ON "files"
      USING gin ("owner_id", "search_vector", "search_name" gin_trgm_ops) WITH (fastupdate = off)
      WHERE deleted_at IS NULL`);
    await runner.query(`CREATE INDEX "files_clients_search" ON "files"
      USING gin ("search_vector", "search_name" gin_trgm_ops) WITH (fastupdate = off)
      WHERE visibility = 'clients' AND deleted_at IS NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX "files_clients_search"`);
    await runner.query(`DROP INDEX "files_owner_search"`);
    await runner.query(`DROP TRIGGER files_search ON "files"`);
    await runner.query('DROP FUNCTION files_search');
    await runner.query(`ALTER TABLE "files" DROP "search_vector", DROP "search_name"`);
    await runner.query('DROP FUNCTION search_signs(text)');
    await runner.query('DROP FUNCTION search_exact(text, text)');
    await runner.query('DROP FUNCTION search_lexemes(text[])');
    await runner.query('DROP FUNCTION search_containing(text)');
    await runner.query('DROP FUNCTION search_prefix(text, text)');
    await runner.query('DROP FUNCTION search_words(text)');
    await runner.query('DROP FUNCTION search_fold(text)');
    // The extensions stay: others may use them by now.
  }
}
