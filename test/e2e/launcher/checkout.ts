import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../../..');
const COPIED = [
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'nest-cli.json',
];

/**
 * A checkout of its own, under a path with spaces: the real launcher and packages, and stand-ins for what it launches,
 * so that these tests are about the launcher and take seconds.
 */
export class Checkout {
  readonly root = join(mkdtempSync(join(tmpdir(), 'waybill launcher ')), 'a fresh clone');
  readonly dataDir = join(this.root, '.data');
  private readonly started: Launched[] = [];

  constructor() {
    for (const name of COPIED) cpSync(join(ROOT, name), join(this.root, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(this.root, 'node_modules'));
    for (const app of ['api', 'worker', 'cli']) {
      cpSync(join(__dirname, 'stand-in', `${app}.js`), join(this.root, 'dist/apps', app, 'main.js'));
    }
    this.node(`
      import { writeFileSync } from 'node:fs';
      import { sourcesFingerprint } from './scripts/lib/build.mjs';
      writeFileSync('dist/.waybill-build', sourcesFingerprint());
    `);
  }

  /** Runs an ES module in the checkout; its standard output. */
  node(source: string): string {
    return execFileSync(process.execPath, ['--input-type=module', '-e', source], {
      cwd: this.root,
      encoding: 'utf8',
      env: this.environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Starts one of the entry points, such as `start.mjs`. */
  launch(script: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Launched {
    const child = spawn(process.execPath, [join(this.root, 'scripts', script), ...args], {
      cwd: this.root,
      env: { ...this.environment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const launched = new Launched(child);
    this.started.push(launched);
    return launched;
  }

  /** A file under the data directory, parsed. */
  readData<T>(name: string): T {
    return JSON.parse(readFileSync(join(this.dataDir, name), 'utf8')) as T;
  }

  /** What the stand-in's commands were called with. */
  commands(): { command: string; args: string[]; input: string | null }[] {
    const lines = readFileSync(join(this.dataDir, 'commands.log'), 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as ReturnType<Checkout['commands']>[number]);
  }

  /** A file of the checkout. */
  read(name: string): string {
    return readFileSync(join(this.root, name), 'utf8');
  }

  /** Ends what still runs, and removes everything. */
  async dispose(): Promise<void> {
    for (const launched of this.started) await launched.stop();
    rmSync(resolve(this.root, '..'), { recursive: true, force: true });
  }

  /** Ours, without what would lead the launcher to servers or settings of the machine. */
  private environment(): NodeJS.ProcessEnv {
    const { PATH, HOME, WAYBILL_EMBEDDED } = process.env;
    return { PATH, HOME, WAYBILL_EMBEDDED };
  }
}

/** A running entry point, and what it said. */
export class Launched {
  /** Both streams, in the order of their arrival. */
  output = '';
  stdout = '';
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  private readonly waiting = new Set<() => void>();

  constructor(readonly child: ChildProcess) {
    child.stdout!.on('data', (chunk: Buffer | string) => (this.stdout += String(chunk)));
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        for (const check of this.waiting) check();
      });
    }
    this.exited = new Promise((done) => child.once('close', (code, signal) => done({ code, signal })));
  }

  /** Waits until the output after `from` matches; rejects when the process ends without having said it. */
  says(pattern: RegExp, from = 0): Promise<RegExpMatchArray> {
    return new Promise((found, failed) => {
      const check = (): void => {
        const match = this.output.slice(from).match(pattern);
        if (!match) return;
        this.waiting.delete(check);
        found(match);
      };
      this.waiting.add(check);
      check();
      void this.exited.then(() => failed(new Error(`It ended without ${String(pattern)}:\n${this.output}`)));
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ctrl-C, and the end. */
  async stop(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGINT');
    return this.exited;
  }
}
