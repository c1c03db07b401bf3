import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHelper } from './helper.mjs';
import { Product } from './product.mjs';

const MIB = 1024 * 1024;

/**
 * What the rows share: a directory on disk, the product, and the duty to leave nothing behind.
 * @typedef {{ sizeMiB: number, rounds: number, patience: number, seconds: number, directory?: string }} Settings
 *   sizeMiB: of the documents. seconds: how long a rate of requests is measured
 */
export class Workbench {
  /** What there is to take down, the last first. @type {(() => unknown)[]} */
  #undo = [];
  /** @type {Promise<Product> | null} */
  #product = null;

  /** @param {Settings} settings */
  constructor(settings) {
    this.settings = settings;
    this.directory = mkdtempSync(join(settings.directory ?? tmpdir(), 'waybill-bench-'));
    this.#undo.push(() => rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 }));
  }

  get bytes() {
    return this.settings.sizeMiB * MIB;
  }

  /** A new directory. @param {string} name */
  folder(name) {
    const path = join(this.directory, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /**
   * A helper that ends with the bench, at the latest.
   * @param {string} script below test/perf @param {object} [options]
   * @param {{ env?: NodeJS.ProcessEnv, execArgv?: string[] }} [how]
   */
  async helper(script, options = {}, how = {}) {
    const helper = await startHelper(new URL(`../${script}`, import.meta.url), options, how);
    this.#undo.push(() => helper.stop());
    return helper;
  }

  /** @param {() => unknown} undo */
  onEnd(undo) {
    this.#undo.push(undo);
  }

  /** Runs `work` with the product's own processes, fresh ones. @template T @param {(product: import('./product.mjs').RunningProduct) => Promise<T>} work */
  async withProduct(work) {
    const product = await this.product();
    const running = await product.start();
    let stopped = false;
    const stop = async () => {
      if (!stopped) await running.stop();
      stopped = true;
    };
    this.#undo.push(stop);
    try {
      return await work(running);
    } finally {
      await stop();
    }
  }

  product() {
    this.#product ??= this.#prepare();
    return this.#product;
  }

  async #prepare() {
    const maxDocumentBytes = Math.max(2 * this.bytes, 600 * MIB) + MIB;
    const product = await Product.prepare(this.folder('data'), { maxDocumentBytes });
    this.#undo.push(() => product.stop());
    return product;
  }

  /** Waits until nobody's pages are on their way to the disk: what one contestant left must not slow the next. */
  async quiet() {
    await once(spawn('sync', { stdio: 'ignore' }), 'exit');
  }

  async end() {
    // What is still being prepared can only be taken down when it is there.
    await this.#product?.catch(() => undefined);
    while (this.#undo.length > 0) {
      try {
        await this.#undo.pop()?.();
      } catch (error) {
        process.stderr.write(`${/** @type {Error} */ (error).message}\n`);
      }
    }
  }
}

/** @param {string} directory */
export function emptyFolder(directory) {
  for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true });
}
