const WIDTH = 30;
const REDRAW_MS = 60;

/** One line on the terminal that fills up; where there is no terminal, only its end is printed. */
export class ProgressBar {
  #label;
  #total;
  #drawnAt = 0;

  /** @param {string} label @param {number} total in bytes */
  constructor(label, total) {
    this.#label = label.padEnd(34);
    this.#total = total;
  }

  /** @param {number} done bytes */
  update(done) {
    if (!process.stdout.isTTY || Date.now() - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = Date.now();
    process.stdout.write(`\r${this.#line(done)}`);
  }

  /** @param {string} note what came of it */
  finish(note) {
    process.stdout.write(`${process.stdout.isTTY ? '\r' : ''}${this.#line(this.#total)}  ${note}\n`);
  }

  /** @param {number} done */
  #line(done) {
    const part = this.#total === 0 ? 1 : Math.min(1, done / this.#total);
    const filled = Math.round(part * WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
    return `  ${this.#label} ${bar} ${String(Math.floor(part * 100)).padStart(3)} %  ${megabytes(this.#total)}`;
  }
}

/** @param {number} bytes */
export const megabytes = (bytes) => `${(bytes / 1024 / 1024).toFixed(bytes < 1024 * 1024 ? 2 : 1)} MiB`;
