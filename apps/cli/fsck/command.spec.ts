import { fsckCommand } from '../commands/fsck';
import { UsageError } from '../command';
import { inhabit, type Inhabited } from './testing/inhabited';

describe('The fsck command', () => {
  let home: Inhabited;
  const environment = process.env;
  beforeAll(async () => {
    home = await inhabit();
  });
  afterAll(() => home.world.close());
  beforeEach(() => {
    process.env = { ...environment, ...home.world.environment };
  });
  afterEach(() => {
    process.env = environment;
  });

  async function run(...args: string[]): Promise<{ code: number; out: string[]; err: string }> {
    const written = { stdout: '', stderr: '' };
    const spies = (['stdout', 'stderr'] as const).map((name) =>
      jest.spyOn(process[name], 'write').mockImplementation((text) => {
        written[name] += String(text);
        return true;
      }),
    );
    try {
      const code = await fsckCommand.run(args);
      return { code, out: written.stdout.trimEnd().split('\n'), err: written.stderr };
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  }

  it('exits 0 with one line when all is well', async () => {
    const { code, out, err } = await run();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toEqual([
      expect.stringMatching(
        /^fsck: clean; 5 files, 10 uploads, \d+ objects in the store; 1\.\d MiB verified at \d+ MiB\/s, /,
      ),
    ]);
  });

  it('exits 1 and names what was found, for people and for machines', async () => {
    const { world, first } = home;
    await world.flip(first.key, 77);
    try {
      const text = await run();
      expect(text.code).toBe(1);
      expect(text.out[0]).toBe(
        `CONTENT_DAMAGED ${first.id} ${first.key}: segment 1 of 1 is not what was sealed`,
      );
      expect(text.out[1]).toMatch(/^fsck: 1 finding; /);

      const json = await run('--json', '--file', first.id.toUpperCase());
      expect(json.code).toBe(1);
      expect(json.out.map((line) => JSON.parse(line) as unknown)).toMatchObject([
        { type: 'finding', code: 'CONTENT_DAMAGED', subject: first.id },
        { type: 'summary', findings: 1, healed: 0, files: 1, uploads: 1 },
      ]);
    } finally {
      await world.flip(first.key, 77);
    }
  });

  it('exits 0 after a repair that leaves nothing to find', async () => {
    await home.world.life.write('vault/stray', Buffer.alloc(10));
    const { code, out } = await run('--repair');
    expect(code).toBe(0);
    expect(out).toMatchObject([
      expect.stringMatching(/^ORPHAN_OBJECT vault\/stray /),
      'repair: vault/stray healed: is left to the sweeper',
      expect.stringMatching(/^fsck: 1 finding, 1 of them healed; /),
    ]);
    expect((await run()).code).toBe(0);
  });

  it.each<[string, NodeJS.ProcessEnv, string[], RegExp]>([
    ['the keyring is away', { KEYRING_FILE: '/nowhere/keyring.json' }, [], /keyring file \/nowhere/],
    ['a setting is wrong', { DATABASE_URL: 'mysql://x' }, [], /DATABASE_URL/],
    ['there is no such file', {}, ['--file', '01900000-0000-7000-8000-000000000000'], /There is no file/],
  ])('exits 2 when %s', async (_title, settings, args, message) => {
    process.env = { ...process.env, ...settings };
    const { code, err } = await run(...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });

  it.each([[['--file', 'x']], [['--force']], [['--quick']], [['all']]])('refuses %j', async (args) => {
    await expect(fsckCommand.run(args)).rejects.toBeInstanceOf(UsageError);
  });
});
