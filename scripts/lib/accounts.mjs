import { join } from 'node:path';
import { databaseIdentity } from '../services/postgres-client.mjs';
import { run } from './child.mjs';
import { readTextIfExists, writeFileAtomic } from './files.mjs';
import { ENTRY } from './paths.mjs';
import { Refusal } from './say.mjs';
import { randomText } from './secrets.mjs';

/**
 * The two accounts that a first start makes, so that there is something to log in with; kept 0600 under the data
 * directory, so that later starts can show them.
 * @typedef {{ email: string, role: string, password: string }} Account
 */
const SEEDED = [
  { email: 'ops@waybill.local', role: 'ops' },
  { email: 'client@waybill.local', role: 'client' },
];

/**
 * @param {string} dataDir @param {NodeJS.ProcessEnv} env the application's
 * @returns {Promise<Account[]>} once they exist in the database
 */
export async function ensureAccounts(dataDir, env) {
  const path = join(dataDir, 'accounts.json');
  const text = readTextIfExists(path);
  /** @type {{ accounts: Account[], database: string | null }} */
  const known = text
    ? JSON.parse(text)
    : { accounts: SEEDED.map((who) => ({ ...who, password: randomText(12) })), database: null };
  const database = await databaseIdentity(String(env.DATABASE_URL));
  if (known.database === database) return known.accounts;

  // Passwords first: an account whose password nobody knows cannot be mended by starting again.
  writeFileAtomic(path, `${JSON.stringify({ ...known, database: null }, null, 2)}\n`);
  await Promise.all(known.accounts.map((account) => create(account, env)));
  writeFileAtomic(path, `${JSON.stringify({ ...known, database }, null, 2)}\n`);
  return known.accounts;
}

/** @param {Account} account @param {NodeJS.ProcessEnv} env */
async function create({ email, role, password }, env) {
  const { code, output } = await run(
    process.execPath,
    [ENTRY.cli, 'user:create', '--email', email, '--role', role, '--password-stdin', '--if-absent'],
    { env, input: `${password}\n`, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  if (code !== 0) throw new Refusal(`${output}\nThe account ${email} could not be made (exit code ${code}).`);
}
