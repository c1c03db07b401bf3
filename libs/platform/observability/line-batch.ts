import type { DestinationStream } from 'pino';

/** Where batches go: pino's own destination, which copes with slow and broken pipes. */
export interface Sink extends DestinationStream {
  flush(done: (error?: Error) => void): void;
  flushSync(): void;
}

const BATCH_CHARACTERS = 8192;
const BATCH_MS = 50;

/**
 * Gathers log lines and hands them on together: a write for each costs more than making the line. Lines wait a
 * twentieth of a second at most; a process that is killed outright loses that much of its log.
 */
export class LineBatch implements DestinationStream {
  private lines: string[] = [];
  private characters = 0;
  private timer?: NodeJS.Timeout;

  constructor(private readonly sink: Sink) {}

  write(line: string): void {
    this.lines.push(line);
    this.characters += line.length;
    if (this.characters >= BATCH_CHARACTERS) this.handOn();
    else this.timer ??= setTimeout(() => this.handOn(), BATCH_MS).unref();
  }

  flush(done: (error?: Error) => void = () => undefined): void {
    this.handOn();
    this.sink.flush(done);
  }

  /** For the end of the process, when nothing asynchronous happens any more. */
  flushSync(): void {
    this.handOn();
    this.sink.flushSync();
  }

  private handOn(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.lines.length === 0) return;
    const batch = this.lines.join('');
    this.lines = [];
    this.characters = 0;
    this.sink.write(batch);
  }
}
