import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Checkout } from './checkout';

jest.setTimeout(120_000);

describe('operator commands', () => {
  let checkout: Checkout;

  beforeEach(() => (checkout = new Checkout()));
  afterEach(() => checkout.dispose());

  const counted = async (): Promise<number> => {
    const launched = checkout.launch('cli.mjs', ['count']);
    expect(await launched.exited).toEqual({ code: 0, signal: null });
    return Number(launched.stdout);
  };

  it('start the database for themselves, print nothing of their own on stdout, and keep what was stored', async () => {
    expect(await counted()).toBe(1);
    expect(await counted()).toBe(2);
  });

  it('share one database when they run at the same time', async () => {
    const results = await Promise.all([counted(), counted(), counted(), counted()]);
    expect(results.sort()).toEqual([1, 2, 3, 4]);
  });

  it('pass their exit code on', async () => {
    expect(await checkout.launch('cli.mjs', ['fail']).exited).toEqual({ code: 3, signal: null });
  });

  it('use the servers that are named', async () => {
    const launched = checkout.launch('cli.mjs', ['environment'], {
      DATABASE_URL: 'postgres://elsewhere/db',
      REDIS_URL: 'redis://elsewhere',
    });
    await launched.exited;
    expect(JSON.parse(launched.stdout)).toMatchObject({
      DATABASE_URL: 'postgres://elsewhere/db',
      REDIS_URL: 'redis://elsewhere',
    });
  });

  it.each([
    ['the file names what the environment does not', {}, 'from-the-file'],
    ['the environment wins', { MAIL_FROM: 'from-the-environment' }, 'from-the-environment'],
    ['a blank value counts as absent', { MAIL_FROM: ' ' }, 'from-the-file'],
  ])('read .env: %s', async (_, env, expected) => {
    writeFileSync(
      join(checkout.root, '.env'),
      'MAIL_FROM="from-the-file"\nDATABASE_URL=postgres://a/b\nREDIS_URL=redis://c\n',
    );
    const launched = checkout.launch('cli.mjs', ['environment'], env);
    await launched.exited;
    expect((JSON.parse(launched.stdout) as { MAIL_FROM: string }).MAIL_FROM).toBe(expected);
  });

  it.each(['keyring.json', 'secrets.json'])('refuse to make a new %s for an old database', async (name) => {
    await counted();
    rmSync(join(checkout.dataDir, name));
    const launched = checkout.launch('cli.mjs', ['count']);
    expect(await launched.exited).toEqual({ code: 1, signal: null });
    expect(launched.output).toContain(`${name} is gone`);
  });

  it('start past a postmaster.pid whose number belongs to another program now', async () => {
    await counted();
    writeFileSync(
      join(checkout.dataDir, 'postgres/postmaster.pid'),
      `${process.pid}\n${checkout.dataDir}/postgres\n1\n5432\n`,
    );
    expect(await counted()).toBe(2);
  });

  it('refuse a data directory of another PostgreSQL', async () => {
    await counted();
    writeFileSync(join(checkout.dataDir, 'postgres/PG_VERSION'), '15\n');
    const launched = checkout.launch('cli.mjs', ['count']);
    expect(await launched.exited).toEqual({ code: 1, signal: null });
    expect(launched.output).toContain('was made by PostgreSQL 15, and this is 18');
  });
});
