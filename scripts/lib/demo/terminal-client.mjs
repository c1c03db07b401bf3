import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { TERMINAL_CLIENT } from '../paths.mjs';
import { Refusal } from '../say.mjs';

/** `npm run waybill` as somebody uses it: with an account, in a folder, with a memory of its own. */
export class TerminalClient {
  /** @param {string} api @param {{ email: string, password: string }} account @param {string} folder */
  constructor(api, { email, password }, folder) {
    this.folder = folder;
    this.env = {
      ...process.env,
      WAYBILL_API: api,
      WAYBILL_EMAIL: email,
      WAYBILL_PASSWORD: password,
      XDG_STATE_HOME: folder,
    };
  }

  /** Starts a command; its bars are on this terminal. @param {string[]} args */
  start(...args) {
    console.log(`  $ waybill ${args.join(' ')}`);
    const child = spawn(process.execPath, [TERMINAL_CLIENT, ...args], {
      cwd: this.folder,
      env: this.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = Promise.all([
      text(child.stdout),
      new Promise((resolve) => child.once('exit', (code) => resolve(code))),
    ]).then(([output, code]) => ({ output: output.trimEnd(), code }));
    return { child, ended };
  }

  /** Runs a command to its end, and prints what came of it. @param {string[]} args @returns {Promise<string[]>} lines */
  async run(...args) {
    const { output, code } = await this.start(...args).ended;
    if (code !== 0) throw new Refusal(`waybill ${args[0]} ended with exit code ${code}`);
    const lines = output === '' ? [] : output.split('\n');
    for (const line of lines) console.log(`  ${line}`);
    return lines;
  }
}
