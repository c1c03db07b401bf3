import { join } from 'node:path';
import { ensureBuilt } from './build.mjs';
import { run } from './child.mjs';
import { CLIENT_TYPES } from './client-types.mjs';
import { ensureInstalled } from './install.mjs';
import { ROOT } from './paths.mjs';

/** Writes what is generated and committed: the description of the API, and the types of its client. */
export async function writeContract() {
  await ensureInstalled();
  await ensureBuilt();
  const described = await run(process.execPath, ['dist/apps/api/write-openapi.js'], { cwd: ROOT });
  if (described.code !== 0) return described.code;
  const [program, ...args] = CLIENT_TYPES;
  const { code } = await run(join(ROOT, 'node_modules/.bin', program), args, { cwd: ROOT });
  return code;
}
