/**
 * What the launcher asks of a database. `pg` is imported when first used: this file is loaded before `npm ci` has run.
 */

const CONNECT_TIMEOUT_MS = 5_000;

/** @template T @param {string} url @param {(client: import('pg').Client) => Promise<T>} work @returns {Promise<T>} */
async function withClient(url, work) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => {}); // a server that goes away fails the query; without a listener it would end the process
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Whether a server answers there and accepts the password. @param {string} url */
export async function answersPostgres(url) {
  try {
    await withClient(url, (client) => client.query('SELECT 1'));
    return true;
  } catch {
    return false;
  }
}

/** @param {string} url of any database of the server @param {string} name */
export async function ensureDatabase(url, name) {
  await withClient(url, async (client) => {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  });
}

/**
 * Tells databases apart, also when one is replaced at the same address.
 * @param {string} url @returns {Promise<string>}
 */
export async function databaseIdentity(url) {
  return withClient(url, async (client) => {
    const { rows } = await client.query(
      'SELECT system_identifier::text AS system, current_database() AS name FROM pg_control_system()',
    );
    return `${rows[0].system}/${rows[0].name}`;
  });
}
