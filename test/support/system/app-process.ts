import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDescriptors, type Descriptors } from './descriptors';

const ROOT = join(__dirname, '../../..');
/** As the launcher starts them. */
const MEMORY = JSON.parse(readFileSync(join(ROOT, 'scripts/lib/process-memory.json'), 'utf8')) as Record<
  'api' | 'worker',
  Record<string, string>
>;

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** One process of the product, as an operator runs it, from the build. */
export class AppProcess {
  readonly exited: Promise<Exit>;
  /** How it ended; null while it runs. */
  exit: Exit | null = null;
  private readonly lines: string[] = [];
  private asked = false;

  private constructor(
    readonly name: 'api' | 'worker',
    private readonly child: ChildProcess,
    private readonly mortal: boolean,
  ) {
    this.exited = once(child, 'exit').then(([code, signal]) => {
      this.exit = { code: code as number | null, signal: signal as NodeJS.Signals | null };
      return this.exit;
    });
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.lines.push(text));
    }
  }

  static start(app: 'api' | 'worker', env: NodeJS.ProcessEnv): AppProcess {
    const child = spawn(process.execPath, [join(ROOT, 'dist/apps', app, 'main.js')], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, ...withMemorySettings(app, env) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new AppProcess(app, child, env.WAYBILL_TEST_MOMENTS?.includes('"crash"') === true);
  }

  get pid(): number {
    return this.child.pid!;
  }

  get alive(): boolean {
    return this.exit === null;
  }

  /** Whether it ended although nobody asked it to, or planted its end (see moments.ts). */
  get crashed(): boolean {
    if (this.exit === null || this.asked) return false;
    return !(this.mortal && this.exit.signal === 'SIGKILL');
  }

  assertNotCrashed(): void {
    if (this.crashed) throw new Error(`I1: the ${this.name} ended by itself:\n${this.output.slice(-4_000)}`);
  }

  /** Whether it has said that it is at work. */
  get ready(): boolean {
    return this.output.includes(`The ${this.name === 'api' ? 'API' : 'worker'} is ready.`);
  }

  /** All that it has written so far. */
  get output(): string {
    return this.lines.join('');
  }

  signal(name: NodeJS.Signals): void {
    if (name !== 'SIGSTOP' && name !== 'SIGCONT') this.asked = true;
    this.child.kill(name);
  }

  /** The end that nobody is told of. */
  async kill9(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }

  /** The end that an operator asks for. */
  async stop(): Promise<Exit> {
    if (this.alive) this.signal('SIGTERM');
    return this.exited;
  }

  /** What its open descriptors point at. */
  descriptors(): Descriptors {
    return openDescriptors(this.pid);
  }

  /** Resident memory, now and at its peak, in bytes. */
  memory(): { current: number; peak: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const bytes = (field: string): number =>
      Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
    return { current: bytes('VmRSS'), peak: bytes('VmHWM') };
  }
}

function withMemorySettings(app: 'api' | 'worker', env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const options = [MEMORY[app].NODE_OPTIONS, env.NODE_OPTIONS].filter(Boolean).join(' ');
  return { ...MEMORY[app], ...env, NODE_OPTIONS: options };
}
