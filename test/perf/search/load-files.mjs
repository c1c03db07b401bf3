/** Syllables make words that nobody knows and everybody can read. */
const SYLLABLES = [
  'ba',
  'ce',
  'di',
  'fo',
  'gu',
  'ha',
  'ke',
  'li',
  'mo',
  'nu',
  'pa',
  're',
  'si',
  'to',
  'vu',
  'wa',
  'xe',
  'zi',
];
const BATCH = 20_000;
/** How many of the files that are restricted are the reader's, however many there are. */
const GRANTS = 500;
/** Files are so far apart. */
const SECONDS_APART = 20;

/** A word that stands in the oldest twentieth of all files, and nowhere else. */
export const OLD_WORD = 'zeppelin';
export const READER = { userId: '00000000-0000-7000-8000-00000000c11e', email: 'reader@example.org' };

/** The id of an owner. @param {number} n from 1 */
export function ownerId(n) {
  return `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
}

/** The nth word of the vocabulary; the lower the number the more frequent. @param {number} n from 0 */
export function word(n) {
  const base = SYLLABLES.length;
  const [a, b, c] = [n % base, Math.floor(n / base) % base, Math.floor(n / base / base) % base];
  return `${SYLLABLES[a]}${SYLLABLES[(b + a) % base]}${SYLLABLES[(c + b) % base]}`;
}
export const WORDS = 5_000;

/**
 * Fills an empty schema with files: as many of each owner, mixed over time; three fifths are published to clients, a fifth
 * is restricted, a fifth private. Words are as unevenly frequent as those of a language. The same every time.
 *
 * @param {import('pg').Client} client @param {{ files: number, owners: number, onProgress?: (done: number) => void }} size
 */
export async function loadFiles(client, { files, owners, onProgress = () => {} }) {
  await client.query(
    `INSERT INTO users (id, email, role, password_hash, email_verified_at)
     SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'owner-' || n || '@example.org', 'ops', 'x', now()
     FROM generate_series(1, $1::int) n`,
    [owners],
  );
  await client.query(
    `INSERT INTO users (id, email, role, password_hash, email_verified_at) VALUES ($1, $2, 'client', 'x', now())`,
    [READER.userId, READER.email],
  );
  const restore = await withoutTextIndexes(client);
  await client.query('SELECT setseed(0.5)');
  const vocabulary = Array.from({ length: WORDS }, (_, n) => word(n));
  for (let from = 1; from <= files; from += BATCH) {
    const to = Math.min(files, from + BATCH - 1);
    await client.query(INSERT, [vocabulary, owners, from, to, files]);
    onProgress(to);
  }
  await client.query(
    `INSERT INTO file_grants (file_id, email, created_at, name, size)
     SELECT id, CASE WHEN n % greatest(1, total / ${GRANTS}) = 0 AND n / greatest(1, total / ${GRANTS}) < ${GRANTS}
       THEN $1 ELSE 'client-' || n % 1000 || '@example.org' END::citext, created_at, name, size
     FROM (SELECT *, row_number() OVER (ORDER BY created_at) AS n, count(*) OVER () AS total
           FROM files WHERE visibility = 'restricted') file`,
    [READER.email],
  );
  await restore();
  await client.query('VACUUM ANALYZE files, file_grants, users');
}

/** Built at the end they take a fraction of the time. @param {import('pg').Client} client */
async function withoutTextIndexes(client) {
  const { rows } = await client.query(
    `SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'files' AND indexdef LIKE '% USING gin %'`,
  );
  for (const { indexname } of rows) await client.query(`DROP INDEX ${indexname}`);
  return async () => {
    await client.query(`SET maintenance_work_mem = '512MB'`);
    for (const { indexdef } of rows) await client.query(indexdef);
  };
}

const INSERT = `
  WITH vocabulary AS (SELECT $1::text[] AS words)
  INSERT INTO files (id, owner_id, name, extension, media_type, category, file_type, title, description, tags, visibility, size,
    sha256, object_key, object_version, wrapped_dek, kek_id, created_at)
  SELECT gen_random_uuid(), ('00000000-0000-7000-8000-' || lpad(to_hex(1 + n % $2::int), 12, '0'))::uuid,
    text[1] || '-' || text[2] || '-' || n || '.' || ext, ext, 'x', CASE WHEN ext IN ('mp4', 'jpg') THEN 'media' ELSE 'document' END,
    CASE ext WHEN 'mp4' THEN 'video' WHEN 'jpg' THEN 'photo' END, array_to_string(text[3:5], ' '),
    array_to_string(text[6:17], ' ') || CASE WHEN n <= $5::int / 20 THEN ' ${OLD_WORD}' ELSE '' END, text[18:19],
    (ARRAY['clients', 'clients', 'clients', 'restricted', 'private'])[1 + (n / $2::int + n) % 5],
    (n::bigint * 7919) % 1000003, '\\x00', n::text, 1, '\\x00', 'k',
    timestamptz '2020-01-01' + n * interval '${SECONDS_APART} s'
  FROM generate_series($3::int, $4::int) n, vocabulary,
    LATERAL (SELECT ARRAY(SELECT words[1 + floor(${WORDS} * power(random(), 3))::int] FROM generate_series(1, 19 + n * 0)) AS text) texts,
    LATERAL (SELECT (ARRAY['docx', 'docx', 'docx', 'pdf', 'pdf', 'xlsx', 'pptx', 'mp4', 'jpg'])[1 + n % 9] AS ext) kind`;
