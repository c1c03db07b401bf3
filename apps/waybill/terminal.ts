import type { Writable } from 'node:stream';

const WIDTH = 24;
const LABEL_WIDTH = 28;
const REDRAW_MS = 80;

export interface Output extends Writable {
  isTTY?: boolean;
}

/** How far something is. */
export interface Stage {
  label: string;
  /** `uploading`, `encrypting`, … */
  phase: string;
  /** 0 to 1; null where nobody knows. */
  part: number | null;
  note?: string;
}

/**
 * Results go to standard output, one a line, to be used by other programs; what is told to people goes to standard error:
 * on a terminal as a bar that fills up, elsewhere as one line for each phase.
 */
export class Terminal {
  private drawnAt = 0;
  private drawn = false;
  private phase = '';

  constructor(
    private readonly results: Output,
    private readonly talk: Output,
  ) {}

  /** Whether what is shown moves. */
  get animated(): boolean {
    return this.talk.isTTY === true;
  }

  result(line: string): void {
    this.clear();
    this.results.write(`${line}\n`);
  }

  say(line: string): void {
    this.clear();
    this.talk.write(`${line}\n`);
  }

  ask(text: string): void {
    this.talk.write(text);
  }

  show(stage: Stage): void {
    if (this.talk.isTTY) this.draw(stage);
    else if (this.phase !== `${stage.label} ${stage.phase}`) {
      this.phase = `${stage.label} ${stage.phase}`;
      this.talk.write(`${stage.label}: ${stage.phase}${stage.note ? ` (${stage.note})` : ''}\n`);
    }
  }

  /** Takes a bar away. */
  clear(): void {
    if (this.drawn) this.talk.write('\r\u001B[K');
    this.drawn = false;
  }

  private draw({ label, phase, part, note = '' }: Stage): void {
    const now = Date.now();
    const same = this.phase === `${label} ${phase}`;
    if (same && part !== 1 && now - this.drawnAt < REDRAW_MS) return;
    this.phase = `${label} ${phase}`;
    this.drawnAt = now;
    this.drawn = true;
    const filled = Math.round((part ?? 0) * WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
    const percent = part === null ? '   ?' : `${String(Math.floor(part * 100)).padStart(3)} %`;
    this.talk.write(`\r\u001B[K${fitted(label)} ${bar} ${percent}  ${phase}  ${note}`);
  }
}

function fitted(label: string): string {
  return label.length > LABEL_WIDTH ? `${label.slice(0, LABEL_WIDTH - 1)}…` : label.padEnd(LABEL_WIDTH);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function readableSize(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]}`;
}

/** What others have written is printed without what would move the cursor of a terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\u{FFFD}');
}
