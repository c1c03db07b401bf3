import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../../..');

/** One process of the product, as an operator runs it, from the build. */
export class AppProcess {
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  private readonly lines: string[] = [];
  private ended = false;

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
  ) {
    this.exited = once(child, 'exit').then(([code, signal]) => {
      this.ended = true;
      return { code: code as number | null, signal: signal as NodeJS.Signals | null };
    });
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.lines.push(text));
    }
  }

  static start(app: 'api' | 'worker', env: NodeJS.ProcessEnv): AppProcess {
    const child = spawn(process.execPath, [join(ROOT, 'dist/apps', app, 'main.js')], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new AppProcess(app, child);
  }

  get pid(): number {
    return this.child.pid!;
  }

  get alive(): boolean {
    return !this.ended;
  }

  /** All that it has written so far. */
  get output(): string {
    return this.lines.join('');
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** The end that nobody is told of. */
  async kill9(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** The end that an operator asks for. */
  async stop(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    if (!this.ended) this.child.kill('SIGTERM');
    return this.exited;
  }

  /** What its open descriptors point at. */
  descriptors(): string[] {
    const folder = `/proc/${this.pid}/fd`;
    return readdirSync(folder).flatMap((fd) => {
      try {
        return [readlinkSync(join(folder, fd))];
      } catch {
        return []; // closed meanwhile
      }
    });
  }

  /** Resident memory, now and at its peak, in bytes. */
  memory(): { current: number; peak: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const bytes = (field: string): number =>
      Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
    return { current: bytes('VmRSS'), peak: bytes('VmHWM') };
  }
}
