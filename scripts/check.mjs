#!/usr/bin/env node
/**
 * `npm run check`: everything that can be said of the code without running it. Each check is one command; all run, so
 * that one answer names everything that is wrong.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CLIENT_TYPES } from './lib/client-types.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const CHECKS = [
  ['types', 'tsc --noEmit', ['tsc', '--noEmit', '-p', 'tsconfig.json']],
  ['lint', 'oxlint, with types', ['oxlint', '--type-aware', '--quiet']],
  ['layers', 'who may import whom', ['depcruise', 'apps', 'libs', '--output-type', 'err']],
  ['format', 'prettier', ['prettier', '--check', '--log-level', 'warn', '.']],
  ['contract', 'openapi.json is what the code says', ['node', 'dist/apps/api/write-openapi.js', '--check']],
  ['contract lint', 'redocly', ['redocly', 'lint', 'openapi.json']],
  ['client', 'libs/client is what openapi.json says', [...CLIENT_TYPES, '--check']],
  ['client alone', 'libs/client needs nothing of the service', ['tsc', '-p', 'libs/client']],
];

const HELP = `Usage: npm run check [-- NAME…]

Checks the code without running it; all checks unless some are named.

${CHECKS.map(([name, what]) => `  ${name.padEnd(14)} ${what}`).join('\n')}

Exits 1 when a check fails. The contract is read from the build: run \`npm run build\` before.`;

const names = process.argv.slice(2);
if (names.includes('--help')) {
  console.log(HELP);
  process.exit(0);
}
const unknown = names.filter((name) => !CHECKS.some(([known]) => known === name));
if (unknown.length > 0) {
  console.error(`There is no check named ${unknown.join(', ')}.\n\n${HELP}`);
  process.exit(2);
}

const failed = [];
for (const [name, , [command, ...args]] of CHECKS) {
  if (names.length > 0 && !names.includes(name)) continue;
  const started = Date.now();
  const program = command === 'node' ? process.execPath : `${ROOT}node_modules/.bin/${command}`;
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'}  ${name} (${seconds} s)`);
  if (status === 0) continue;
  failed.push(name);
  console.log(`${stdout}${stderr}`.trimEnd());
}
if (failed.length > 0) {
  console.error(`\nFailed: ${failed.join(', ')}`);
  process.exit(1);
}
