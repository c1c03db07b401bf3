import 'reflect-metadata';
import { readFile, writeFile } from 'node:fs/promises';
import { NestFactory } from '@nestjs/core';
import { setPrefix } from '@waybill/platform/http';
import { ApiModule } from './api.module';
import { buildOpenApi } from './openapi/document';

const FILE = 'openapi.json';

/**
 * Writes `openapi.json` from the code, or with `--check` fails when the committed one says something else. In preview
 * nothing is instantiated: neither database nor Redis nor settings are needed.
 */
async function main(): Promise<void> {
  const app = await NestFactory.create(ApiModule, { preview: true, abortOnError: false, logger: ['error'] });
  setPrefix(app);
  const text = `${JSON.stringify(buildOpenApi(app), null, 2)}\n`;
  if (!process.argv.includes('--check')) {
    await writeFile(FILE, text);
    return;
  }
  const committed = await readFile(FILE, 'utf8').catch(() => '');
  if (committed === text) return;
  console.error(`${FILE} is not what the code says: run "npm run openapi" and commit it.`);
  process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
