import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppConfig, ConfigError } from './app-config';
import { PRODUCTION_NAMES } from './environment';

const EXAMPLE = readFileSync(join(__dirname, '../../../.env.example'), 'utf8');

/** Everything that production asks for, each good. */
const GOOD: NodeJS.ProcessEnv = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://files.example.org',
  SMTP_URL: 'smtps://mailer:pw@mail.example.org',
  MAIL_FROM: 'Files <files@example.org>',
  SIGNUP_POLICY: 'invite',
  DATA_DIR: '/var/lib/waybill',
  DATABASE_URL: 'postgres://waybill:q8Zr2LxV0pTnC7uW@db.internal/waybill',
  REDIS_URL: 'redis://:m4Hs9KbE1yQfJ6dX@redis.internal:6379',
  KEYRING_FILE: '/etc/waybill/keyring.json',
  JWT_SECRET: 'kX2vQ9mB7tLw4Zr8Nc1Ny6Hb3Gd5Fs0PaYe',
  LINK_SECRET: 'Ty4uI2oPw7Er1Qz6Xc3Vb8Nm5Kj0LhGf9Sd',
};

/** What is wrong with an environment; empty when nothing is. */
function problems(env: NodeJS.ProcessEnv): string[] {
  try {
    return new AppConfig(env).production ? [] : ['this is no production'];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('in production', () => {
  it('starts with good settings', () => {
    expect(problems(GOOD)).toEqual([]);
    expect(new Set(PRODUCTION_NAMES)).toEqual(new Set(Object.keys(GOOD).filter((n) => n !== 'NODE_ENV')));
  });

  const absences = [
    ['missing', undefined],
    ['empty', ''],
    ['blank', ' \t '],
  ] as const;
  it.each(PRODUCTION_NAMES.flatMap((name) => absences.map(([how, value]) => [name, how, value] as const)))(
    'refuses %s when it is %s',
    (name, _how, value) => {
      expect(problems({ ...GOOD, [name]: value })).toEqual([`${name} is missing`]);
    },
  );

  const bad: [string, string, RegExp][] = [
    ['JWT_SECRET', 'change-me-change-me-change-me-change-me', /sample/],
    ['JWT_SECRET', 'a'.repeat(64), /variety/],
    ['JWT_SECRET', 'short-kX2vQ9mB7tLw4Z', /too short/],
    ['LINK_SECRET', '0123456789abcdefghijklmnopqrstuvwxyz', /run/],
    ['LINK_SECRET', 'your-link-secret-goes-here-0123456789', /sample/],
    ['METRICS_TOKEN', 'prometheus', /too short/],
    ['DATABASE_URL', 'postgres://waybill:waybill@db/waybill', /password that is its user name/],
    ['DATABASE_URL', 'postgres://postgres:changeme@db/waybill', /password that looks like a sample/],
    ['REDIS_URL', 'redis://:hunter2@redis:6379', /password that is too short/],
    ['DB_SYNC', 'true', /migrations/],
    ['TYPEORM_SYNCHRONIZE', '1', /migrations/],
  ];
  it.each(bad)('refuses %s=%s', (name, value, reason) => {
    const found = problems({ ...GOOD, [name]: value });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(reason);
    expect(found[0]).toMatch(new RegExp(`^${name} `));
    expect(found[0]).not.toContain(value);
  });

  it.each([
    ['LINK_SECRET', 'JWT_SECRET'],
    ['METRICS_TOKEN', 'JWT_SECRET'],
    ['METRICS_TOKEN', 'LINK_SECRET'],
  ])('refuses %s that is %s, too', (name, other) => {
    expect(problems({ ...GOOD, [name]: GOOD[other] })).toEqual([
      `${name} is the same as ${other}; each needs its own`,
    ]);
  });

  it('refuses what the example says of the installation itself, and of its secrets', () => {
    const example = Object.fromEntries(
      [...EXAMPLE.matchAll(/^#?([A-Z_0-9]+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
    );
    for (const name of ['PUBLIC_URL', 'MAIL_FROM', 'JWT_SECRET', 'LINK_SECRET', 'SMTP_URL']) {
      expect([name, problems({ ...GOOD, [name]: example[name] })]).toEqual([name, [expect.any(String)]]);
    }
  });
});

describe('the private port', () => {
  const port = (METRICS_PORT?: string) => new AppConfig({ ...GOOD, METRICS_PORT }).metrics.ports;

  it('is none unless it is asked for, and leaves api and worker one each', () => {
    expect(port()).toBeNull();
    expect(port('0')).toBeNull();
    expect(port('9464')).toEqual({ api: 9464, worker: 9465 });
  });
});
