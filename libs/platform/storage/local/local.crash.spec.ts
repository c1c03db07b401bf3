import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noise } from '../testing/noise';
import { LocalObjectStore } from './local.store';

const TESTING = join(__dirname, '..', 'testing');
const WRITER = join(TESTING, 'crash-writer.cjs');

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

describe('LocalObjectStore in a process that does not await its writes', () => {
  it('tells their failure by commit alone, and does not bring the process down', async () => {
    const root = await mkdtemp(join(tmpdir(), 'waybill-crash-'));
    const script = `
      const { LocalObjectStore } = require(${JSON.stringify(join(__dirname, 'local.store.ts'))});
      const fs = require('node:fs/promises');
      const open = async (...args) => {
        const file = await fs.open(...args);
        file.writev = () => Promise.reject(Object.assign(new Error('no'), { code: 'EIO', syscall: 'writev' }));
        return file;
      };
      (async () => {
        const writer = await new LocalObjectStore(process.argv[1], { ...fs, open }).create('a/b');
        for (let i = 0; i < 3; i++) void writer.write([Buffer.from('lost')]);
        for (let i = 0; i < 5; i++) await new Promise(setImmediate);
        await writer.commit().catch((error) => console.log(error.code));
        await writer.abort();
      })();`;
    const preload = join(TESTING, 'load-typescript.cjs');
    const child = spawn(process.execPath, ['--require', preload, '--eval', script, root]);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk));
    const [code] = (await once(child, 'close')) as [number];
    expect({ code, output }).toEqual({ code: 0, output: 'DEPENDENCY_UNAVAILABLE\n' });
    await rm(root, { recursive: true });
  });
});
