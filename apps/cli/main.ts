import 'reflect-metadata';
import { AppError } from '@waybill/core/kernel';
import { ConfigError } from '@waybill/platform/config';
import { UsageError, type Command } from './command';
import { fsckCommand } from './commands/fsck';
import { keysRotateCommand } from './commands/keys-rotate';
import { migrateCommand } from './commands/migrate';
import { sweepResumeCommand } from './commands/sweep-resume';
import { userCreateCommand } from './commands/user-create';

const COMMANDS: Record<string, Command> = {
  fsck: fsckCommand,
  'keys:rotate': keysRotateCommand,
  migrate: migrateCommand,
  'sweep:resume': sweepResumeCommand,
  'user:create': userCreateCommand,
};

/** 0: done; 1: it did not work, or a check found something; 2: the command line does not hold. */
async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    console.log(overview());
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    console.error(`There is no command ${name}.\n\n${overview()}`);
    return 2;
  }
  if (args.includes('--help') || args.includes('-h')) {
    console.log(`${command.summary}\n\nUsage: ${command.usage}`);
    return 0;
  }
  try {
    return await command.run(args);
  } catch (error) {
    return report(error, name);
  }
}

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return ['Usage: <command> [options]', '', ...lines, '', '<command> --help tells more.'].join('\n');
}

/** What an operator can act on, without a stack; unexpected errors keep theirs. */
function report(error: unknown, name: string): number {
  if (error instanceof UsageError) {
    console.error(`${error.message}\nSee: ${name} --help`);
    return 2;
  }
  if (error instanceof AppError) {
    console.error(error.message);
    for (const { pointer, detail } of error.errors ?? []) console.error(`  ${pointer}: ${detail}`);
  } else if (error instanceof ConfigError) {
    console.error(error.message);
  } else if (isConnectionError(error)) {
    console.error(`The database cannot be used: ${wordsOf(error)}`);
  } else {
    console.error(error);
  }
  return 1;
}

/** Node's codes of a connection that fails, PostgreSQL's of one that it refuses (appendix A of its manual). */
const CONNECTION_CODES = /^(E[A-Z_]+|3D000|28...|53300|57P..)$/;

function isConnectionError(error: unknown): error is Error {
  const { code } = error as { code?: unknown };
  return error instanceof Error && typeof code === 'string' && CONNECTION_CODES.test(code);
}

/** A name with several addresses fails with an error for each, and no words of its own. */
function wordsOf(error: Error): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : String(error);
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
