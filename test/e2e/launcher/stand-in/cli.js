/** Commands as the launcher calls them; each leaves a line in DATA_DIR/commands.log. */
const { appendFileSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const [command, ...args] = process.argv.slice(2);
const input = args.includes('--password-stdin') ? readFileSync(0, 'utf8') : null;
appendFileSync(join(process.env.DATA_DIR, 'commands.log'), `${JSON.stringify({ command, args, input })}\n`);

const commands = {
  migrate: () => 0,
  'user:create': () => 0,
  fail: () => 3,
  environment() {
    console.log(JSON.stringify(process.env));
    return 0;
  },
  async count() {
    const { Client } = require('pg');
    const client = new Client(process.env.DATABASE_URL);
    await client.connect();
    await client.query('CREATE TABLE IF NOT EXISTS calls (id serial)');
    await client.query('INSERT INTO calls DEFAULT VALUES');
    const { rows } = await client.query('SELECT count(*)::int AS n FROM calls');
    await client.end();
    console.log(rows[0].n);
    return 0;
  },
};
void Promise.resolve(commands[command]()).then((code) => (process.exitCode = code));
