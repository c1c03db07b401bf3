import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../paths.mjs';
import { freePort } from '../ports.mjs';

/** Waybill as `npm start` brings it up, in a data directory and on a port of its own. */
export class Product {
  /** @param {import('node:child_process').ChildProcess} launcher @param {string} dataDir @param {number} port */
  constructor(launcher, dataDir, port) {
    this.launcher = launcher;
    this.dataDir = dataDir;
    this.api = `http://127.0.0.1:${port}/api`;
  }

  /** @param {string} dataDir @param {NodeJS.ProcessEnv} env @returns {Promise<Product>} when it is ready */
  static async start(dataDir, env) {
    const port = await freePort();
    const launcher = spawn(
      process.execPath,
      [join(ROOT, 'scripts/start.mjs'), '--data-dir', dataDir, '--port', String(port)],
      { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'], detached: true },
    );
    const product = new Product(launcher, dataDir, port);
    // Its standard output is the welcome, and comes when everything answers.
    const ready = once(launcher.stdout, 'data');
    const ended = once(launcher, 'exit').then(([code]) => {
      throw new Error(`npm start ended with exit code ${code}`);
    });
    ended.catch(() => {}); // also when it ends as it should
    await Promise.race([ready, ended]);
    return product;
  }

  /** @param {'ops' | 'client'} role @returns {{ email: string, password: string }} */
  account(role) {
    const { accounts } = JSON.parse(readFileSync(join(this.dataDir, 'accounts.json'), 'utf8'));
    return accounts.find((/** @type {{ role: string }} */ account) => account.role === role);
  }

  /** Ends the worker as a power cut would. The launcher starts another. */
  killWorker() {
    const processes = JSON.parse(readFileSync(join(this.dataDir, 'run/processes.json'), 'utf8'));
    const worker = processes.filter((/** @type {{ name: string }} */ each) => each.name === 'worker').at(-1);
    process.kill(worker.pid, 'SIGKILL');
    return worker.pid;
  }

  /** @returns {Promise<number>} the exit code of fsck */
  async fsck() {
    const child = spawn(process.execPath, [join(ROOT, 'scripts/cli.mjs'), 'fsck'], {
      cwd: ROOT,
      env: { ...process.env, DATA_DIR: this.dataDir },
      stdio: 'inherit',
    });
    const [code] = await once(child, 'exit');
    return code;
  }

  async stop() {
    if (this.launcher.exitCode !== null || this.launcher.signalCode !== null) return;
    const ended = once(this.launcher, 'exit');
    this.launcher.kill('SIGINT');
    await ended;
  }
}
