import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { AppConfig, ConfigError } from '@waybill/platform/config';
import { FileKeyring } from '@waybill/platform/keyring/file-keyring';

const SCRIPT = join(__dirname, '../../scripts/secrets.mjs');

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'waybill secrets '))));
afterEach(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) =>
  spawnSync(process.execPath, [SCRIPT, ...args], { cwd: folder, encoding: 'utf8' });
const written = () => parseEnv(readFileSync(join(folder, '.env'), 'utf8'));
const FILLED = {
  PUBLIC_URL: 'https://files.example.org',
  SMTP_URL: 'smtps://u:p@mail.example.org',
  MAIL_FROM: 'Files <files@example.org>',
  SIGNUP_POLICY: 'invite',
};

it('writes what production starts with once the rest is filled in, for its owner’s eyes alone', async () => {
  const { status, stdout } = run();
  expect(status).toBe(0);
  const settings = written();
  expect(statSync(join(folder, '.env')).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'secrets')).mode & 0o777).toBe(0o700);
  expect(() => new AppConfig(settings)).toThrow(ConfigError);
  for (const name of Object.keys(FILLED)) expect([name, stdout.includes(name)]).toEqual([name, true]);

  const { keyringFile, secrets } = new AppConfig({ ...settings, ...FILLED });
  expect(keyringFile).toBe(join(folder, 'secrets/keyring.json'));
  const keyring = await FileKeyring.open(keyringFile, Object.values(secrets));
  expect(await keyring.primaryId()).toMatch(/^\d{4}-/);
  for (const [name, value] of Object.entries(settings)) {
    if (/SECRET|TOKEN|PASSWORD/.test(name)) expect([name, stdout.includes(value!)]).toEqual([name, false]);
  }
});

it('makes other secrets each time, and never the same for two purposes', () => {
  run();
  const first = written();
  run('--output', 'other.env');
  const second = parseEnv(readFileSync(join(folder, 'other.env'), 'utf8'));
  const secrets = ['JWT_SECRET', 'LINK_SECRET', 'METRICS_TOKEN', 'POSTGRES_PASSWORD', 'REDIS_PASSWORD'];
  const all = [first, second].flatMap((settings) => secrets.map((name) => settings[name]));
  expect(new Set(all).size).toBe(all.length);
});

it('overwrites settings only when told to, and a keyring never', () => {
  writeFileSync(join(folder, '.env'), 'PRECIOUS=1\n');
  chmodSync(join(folder, '.env'), 0o644);
  const refused = run();
  expect([refused.status, written()]).toEqual([1, { PRECIOUS: '1' }]);
  expect(refused.stderr).toContain('--force');

  expect(run('--force').status).toBe(0);
  const keyring = readFileSync(join(folder, 'secrets/keyring.json'), 'utf8');
  expect(run('--force').status).toBe(0);
  expect(statSync(join(folder, '.env')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(folder, 'secrets/keyring.json'), 'utf8')).toBe(keyring);
});

it('explains itself, and refuses what it does not know', () => {
  expect(run('--help').stdout).toContain('Usage: npm run secrets');
  const { status, stderr } = run('--overwrite');
  expect([status, stderr.includes('Usage')]).toEqual([2, true]);
});
