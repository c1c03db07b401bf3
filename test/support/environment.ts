import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The environment of a test: complete, with secrets that are good enough for production, and with limits so wide that
 * only a test of limits meets them. `overrides` replaces single variables; undefined removes one.
 */
export function testEnvironment(overrides: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    NODE_ENV: 'test',
    PORT: '0',
    PUBLIC_URL: 'http://waybill.test',
    DATA_DIR: join(tmpdir(), `waybill-test-${process.pid}`),
    DATABASE_URL: 'postgres://localhost/waybill-test',
    REDIS_URL: process.env.WAYBILL_TEST_REDIS_URL ?? 'redis://127.0.0.1:1',
    KEYRING_FILE: join(tmpdir(), `waybill-test-${process.pid}`, 'keyring.json'),
    JWT_SECRET: 'jwt-7Qm2xV9tLw4Zr8Kc1Ny6Hb3Gd5Fs0Pa',
    LINK_SECRET: 'link-9Ty4uI2oPw7Er1Qz6Xc3Vb8Nm5Kj0Lh',
    RATE_LIMIT_SCALE: '1000',
    LOG_LEVEL: 'silent',
    ...overrides,
  };
}

/** The address of a service that the test runner has started. */
export function requireService(name: string): string {
  const url = process.env[name];
  if (!url) throw new Error(`${name} is not set; \`npm test\` starts what the tests need.`);
  return url;
}
