import { Injectable, Logger } from '@nestjs/common';
import { Drain } from './drain';

/** Resolves when the thing works; rejects when it does not. The reason is logged, never answered. */
export type ReadinessCheck = () => Promise<unknown>;

export interface Readiness {
  ready: boolean;
  /** Each check by its name. */
  checks: Record<string, 'up' | 'down'>;
  draining: boolean;
  /** What an operator should know, although requests are welcome: stable codes. */
  notes: string[];
}

const CHECK_LIMIT_MS = 2000;

/** What must work before requests are welcome. Modules register their checks; the health route asks for the sum. */
@Injectable()
export class ReadinessChecks {
  private readonly logger = new Logger(ReadinessChecks.name);
  private readonly checks = new Map<string, ReadinessCheck>();
  private readonly notes = new Map<string, () => Promise<string[]>>();

  constructor(private readonly drain: Drain) {}

  /** @param name what the answer calls it: `database`, `redis`, `storage`, … */
  register(name: string, check: ReadinessCheck): void {
    if (this.checks.has(name)) throw new Error(`There are two readiness checks named ${name}.`);
    this.checks.set(name, check);
  }

  /** Has something told beside the checks that makes nobody unready. What cannot be asked notes nothing. */
  note(name: string, ask: () => Promise<string[]>): void {
    this.notes.set(name, ask);
  }

  /** Runs all checks at once; one that says nothing within two seconds counts as down. */
  async ask(): Promise<Readiness> {
    const [results, notes] = await Promise.all([
      Promise.all(
        [...this.checks].map(async ([name, check]) => [name, await this.run(name, check)] as const),
      ),
      Promise.all([...this.notes].map(([name, ask]) => this.noted(name, ask))),
    ]);
    const ready = !this.drain.active && results.every(([, state]) => state === 'up');
    return { ready, checks: Object.fromEntries(results), draining: this.drain.active, notes: notes.flat() };
  }

  private async run(name: string, check: ReadinessCheck): Promise<'up' | 'down'> {
    try {
      await inTime(check());
      return 'up';
    } catch (error) {
      this.logger.warn(`${name} is not ready`, error);
      return 'down';
    }
  }

  private async noted(name: string, ask: () => Promise<string[]>): Promise<string[]> {
    try {
      return await inTime(ask());
    } catch (error) {
      this.logger.warn(`${name} could not be asked for what is to be noted`, error);
      return [];
    }
  }
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_LIMIT_MS} ms`)), CHECK_LIMIT_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
