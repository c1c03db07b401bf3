import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { say } from './say.mjs';

const MAX_BYTES = 10 * 1024 * 1024;

/** A log that cannot fill a disk: at 10 MiB it becomes `<name>.1`, which replaces the one before. */
export class LogFile {
  #file;
  #failing = false;

  /** @param {string} path */
  constructor(path) {
    this.path = path;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#file = openSync(path, 'a', 0o600);
  }

  /** A full disk costs log lines, and is said once; it does not end what is being logged. @param {string} line */
  write(line) {
    try {
      writeSync(this.#file, `${line}\n`);
      if (fstatSync(this.#file).size >= MAX_BYTES) this.#rotate();
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) say(`${this.path} cannot be written: ${/** @type {Error} */ (error).message}`);
      this.#failing = true;
    }
  }

  #rotate() {
    renameSync(this.path, `${this.path}.1`);
    const full = this.#file;
    this.#file = openSync(this.path, 'a', 0o600);
    closeSync(full);
  }
}
