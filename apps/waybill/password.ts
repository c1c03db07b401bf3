import { createInterface } from 'node:readline/promises';
import type { Readable } from 'node:stream';
import { Writable } from 'node:stream';
import { UsageError } from './command';
import type { Terminal } from './terminal';

/** Asks on the terminal; what is typed is not shown. */
export async function askPassword(question: string, terminal: Terminal): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UsageError('There is nobody to ask for the password: --password-stdin, or WAYBILL_PASSWORD.');
  }
  terminal.ask(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const interrupted = new Promise<never>((_, reject) => {
    lines.once('SIGINT', () => reject(new UsageError('No password was given.')));
  });
  try {
    return await Promise.race([lines.question(''), interrupted]);
  } finally {
    lines.close();
    terminal.ask('\n');
  }
}

export async function firstLineOf(input: Readable): Promise<string> {
  const lines = createInterface({ input, crlfDelay: Infinity });
  try {
    for await (const line of lines) return line;
    throw new UsageError('Standard input has no password.');
  } finally {
    lines.close();
  }
}
