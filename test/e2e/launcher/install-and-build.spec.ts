import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Checkout } from './checkout';

jest.setTimeout(120_000);

describe('the build', () => {
  let checkout: Checkout;

  beforeEach(() => {
    checkout = new Checkout();
    const { stand } = standIn(checkout);
    stand('apps/api/main.ts', 'export const name = "api";');
    stand('apps/worker/main.ts', 'export const name = "worker";');
    stand('apps/cli/main.ts', 'console.log("built");');
    stand('libs/core/old.ts', 'export const old = 1;');
  });
  afterEach(() => checkout.dispose());

  const command = async (): Promise<string> => {
    const launched = checkout.launch('cli.mjs', ['x'], SERVERS);
    await launched.exited;
    return launched.output;
  };

  it('runs when sources changed, once, and removes what has no source any more', async () => {
    expect(await command()).toMatch(/Building\nBuilt in [\d.]+ s\nbuilt\n$/);
    expect(await command()).toBe('built\n');

    const orphan = join(checkout.root, 'dist/libs/core/old.js');
    expect(existsSync(orphan)).toBe(true);
    unlinkSync(join(checkout.root, 'libs/core/old.ts'));
    writeFileSync(join(checkout.root, 'libs/core/old.spec.ts'), 'not compiled');
    expect(await command()).toMatch(/Building/);
    expect(existsSync(orphan)).toBe(false);

    appendFileSync(join(checkout.root, 'libs/core/old.spec.ts'), ', hence not looked at');
    expect(await command()).toBe('built\n');
  });

  it('is made again when its result was deleted', async () => {
    await command();
    rmSync(join(checkout.root, 'dist/apps'), { recursive: true });
    expect(await command()).toMatch(/built\n$/);
  });

  it('runs once when two commands need it at the same time', async () => {
    const outputs = await Promise.all([command(), command()]);
    for (const output of outputs) expect(output).toMatch(/built\n$/);
    expect(outputs.filter((output) => output.includes('Building'))).toHaveLength(1);
  });

  it('shows in full what is wrong, and ends', async () => {
    writeFileSync(join(checkout.root, 'apps/cli/main.ts'), 'const wrong: number = "text";');
    const launched = checkout.launch('cli.mjs', ['x'], SERVERS);
    expect(await launched.exited).toEqual({ code: 1, signal: null });
    expect(launched.output).toMatch(/apps\/cli\/main\.ts.*Type 'string' is not assignable to type 'number'/s);
  });
});

describe('the installation', () => {
  let checkout: Checkout;

  beforeEach(() => (checkout = new Checkout()));
  afterEach(() => checkout.dispose());

  it('is made from the lockfile when it is not there, and not twice', async () => {
    const { stand } = standIn(checkout);
    // A tiny lockfile, whose one package is a folder: nothing is fetched.
    rmSync(join(checkout.root, 'node_modules'));
    stand('tiny/package.json', '{"name":"tiny","version":"1.0.0"}');
    stand('package.json', '{"name":"x","version":"1.0.0","dependencies":{"tiny":"file:tiny"}}');
    stand(
      'package-lock.json',
      JSON.stringify({
        name: 'x',
        version: '1.0.0',
        lockfileVersion: 3,
        packages: {
          '': { name: 'x', version: '1.0.0', dependencies: { tiny: 'file:tiny' } },
          'node_modules/tiny': { resolved: 'tiny', link: true },
          tiny: { version: '1.0.0' },
        },
      }),
    );
    const install = (): string =>
      checkout.node("import { ensureInstalled } from './scripts/lib/install.mjs'; await ensureInstalled();");
    install();
    const stamp = join(checkout.root, 'node_modules/.waybill-lock');
    const installed = readFileSync(stamp, 'utf8');
    expect(existsSync(join(checkout.root, 'node_modules/tiny/package.json'))).toBe(true);

    writeFileSync(join(checkout.root, 'node_modules/mark'), '');
    install();
    expect(existsSync(join(checkout.root, 'node_modules/mark'))).toBe(true);

    appendFileSync(join(checkout.root, 'package-lock.json'), '\n');
    install();
    expect(existsSync(join(checkout.root, 'node_modules/mark'))).toBe(false);
    expect(readFileSync(stamp, 'utf8')).not.toBe(installed);
  });
});

const SERVERS = { DATABASE_URL: 'postgres://a/b', REDIS_URL: 'redis://c' };

function standIn(checkout: Checkout): { stand(path: string, text: string): void } {
  return {
    stand(path, text) {
      const file = join(checkout.root, path);
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, text);
    },
  };
}
