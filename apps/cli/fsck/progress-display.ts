import type { Progress } from './context';
import { bytesInWords, mebibytesPerSecond } from './quantities';

/** Where progress is shown: standard error, so that standard output is findings alone. */
export interface Display {
  isTTY?: boolean;
  write(text: string): unknown;
}

const BAR_EVERY_MS = 100;
const LINE_EVERY_MS = 5_000;
const BAR_WIDTH = 24;
const CLEAR_LINE = '\r\x1b[K';

/** A bar that moves where somebody watches, and a line every few seconds in a log. */
export class ProgressDisplay implements Progress {
  private phaseName = '';
  private expected = { objects: 0, bytes: 0 };
  private done = { objects: 0, bytes: 0 };
  private readonly startedAt: number;
  private shownAt: number;
  private barShown = false;

  /** @param now milliseconds of a clock that does not go back. */
  constructor(
    private readonly display: Display,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.startedAt = now();
    this.shownAt = this.startedAt;
  }

  expect(objects: number, bytes: number): void {
    this.expected = { objects, bytes };
  }

  phase(name: string): void {
    this.phaseName = name;
    this.show();
  }

  advance(objects: number, bytes: number): void {
    this.done.objects += objects;
    this.done.bytes += bytes;
    this.show();
  }

  /** Takes the bar away, so that a line can be written where it was. */
  clear(): void {
    if (!this.barShown) return;
    this.display.write(CLEAR_LINE);
    this.barShown = false;
  }

  private show(): void {
    const now = this.now();
    const { isTTY } = this.display;
    if (now - this.shownAt < (isTTY ? BAR_EVERY_MS : LINE_EVERY_MS)) return;
    this.shownAt = now;
    this.display.write(isTTY ? `${CLEAR_LINE}${this.bar()}${this.text(now)}` : `fsck: ${this.text(now)}\n`);
    this.barShown = isTTY === true;
  }

  private bar(): string {
    const filled = Math.round(this.share() * BAR_WIDTH);
    return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] `;
  }

  private text(now: number): string {
    const { done, expected } = this;
    const rate = mebibytesPerSecond(done.bytes, (now - this.startedAt) / 1000);
    return [
      `${Math.floor(this.share() * 100)} %`,
      `${done.objects} of ${expected.objects} objects`,
      `${bytesInWords(done.bytes)} of ${bytesInWords(expected.bytes)}`,
      `${rate} MiB/s`,
      this.phaseName,
    ].join(', ');
  }

  /** What there is changes meanwhile, so the sum may be overtaken. */
  private share(): number {
    const { done, expected } = this;
    if (expected.bytes === 0) return 1;
    return Math.min(1, done.bytes / expected.bytes);
  }
}
