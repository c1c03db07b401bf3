import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Checkout } from './checkout';

jest.setTimeout(60_000);

/** A launcher that guards a program which ignores being asked to end, and is killed after so many milliseconds. */
const LAUNCHER = `
  import { fork } from 'node:child_process';
  import { openSync } from 'node:fs';
  const [afterMs, name] = process.argv.slice(2);
  const program = {
    command: process.execPath,
    args: ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6)", name],
    stopSignal: 'SIGTERM',
    graceMs: 200,
  };
  const errors = openSync('guard.errors', 'a');
  const guard = fork('scripts/services/guard.mjs', [JSON.stringify(program)], {
    detached: true,
    stdio: ['pipe', errors, errors, 'ipc'],
  });
  const end = () => process.kill(process.pid, 'SIGKILL');
  if (afterMs === 'when it runs') guard.once('message', end);
  else setTimeout(end, Number(afterMs));
`;

describe('a guard', () => {
  let checkout: Checkout;

  beforeAll(() => {
    checkout = new Checkout();
    writeFileSync(join(checkout.root, 'scripts/launcher.mjs'), LAUNCHER);
  });
  afterAll(() => checkout.dispose());

  it.each(['0', '20', '30', '40', '50', '60', '80', 'when it runs'])(
    'ends its program when the launcher is killed (after ms: %s)',
    async (afterMs) => {
      const name = `${checkout.root} ${afterMs}`;
      await checkout.launch('launcher.mjs', [afterMs, name]).exited;
      for (const deadline = Date.now() + 10_000; Date.now() < deadline && runs(name); await delay(20));
      expect(runs(name)).toBe(false);
      const errors = join(checkout.root, 'guard.errors');
      expect(existsSync(errors) && readFileSync(errors, 'utf8')).toBe('');
    },
  );
});

/** Whether a process, the guard or its program, has this in its command line. */
function runs(name: string): boolean {
  return spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 }).stdout.includes(
    name,
  );
}
