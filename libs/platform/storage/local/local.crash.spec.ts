import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noise } from '../testing/noise';
import { LocalObjectStore } from './local.store';

const WRITER = join(__dirname, '..', 'testing', 'crash-writer.cjs');

/** Lets a process write objects, and kills it right when it has said its n-th line. */
async function writeAndKill(root: string, lines: number): Promise<{ begun: string[]; done: string[] }> {
  const child = spawn(process.execPath, [WRITER, root], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (output.split('\n').length > lines) child.kill('SIGKILL');
  });
  await once(child, 'close');
  expect(child.signalCode).toBe('SIGKILL');
  const said = output.split('\n').map((line) => line.split(' '));
  const keys = (verb: string) => said.filter(([word]) => word === verb).map(([, key]) => key!);
  return { begun: keys('begin'), done: keys('done') };
}

describe('LocalObjectStore under kill -9', () => {
  let root: string;
  beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'waybill-crash-'))));
  afterEach(() => rm(root, { recursive: true }));

  it.each(Array.from({ length: 8 }, () => 1 + Math.floor(Math.random() * 60)))(
    'J01 leaves no object or a whole one, and partials that can be listed and removed (killed at line %i)',
    async (lines) => {
      const { begun, done } = await writeAndKill(root, lines);
      const store = new LocalObjectStore(root);

      const objects = new Set<string>();
      for await (const { key, partial } of store.list('')) {
        expect(begun).toContain(key);
        if (partial) expect(done).not.toContain(key);
        else objects.add(key);
      }
      for (const key of done) expect(objects).toContain(key);

      for (const key of objects) {
        const [, seed, size] = key.split('/');
        const reader = await store.open(key);
        const content = Buffer.alloc(reader.size);
        await reader.read(content, 0);
        await reader.close();
        expect(content.equals(noise(Number(size), Number(seed)))).toBe(true);
      }

      for (const key of begun) await store.delete(key);
      const entries = await readdir(root, { recursive: true, withFileTypes: true });
      expect(entries.filter((entry) => !entry.isDirectory())).toEqual([]);
    },
    30_000,
  );
});
