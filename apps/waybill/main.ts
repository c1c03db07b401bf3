import { Interrupted, UsageError, type Command } from './command';
import { cancelCommand } from './commands/cancel';
import { downloadCommand } from './commands/download';
import { linkCommand } from './commands/link';
import { lsCommand } from './commands/ls';
import { statusCommand } from './commands/status';
import { uploadCommand } from './commands/upload';
import { messageOf } from './report';
import { Terminal } from './terminal';

const COMMANDS: Record<string, Command> = {
  upload: uploadCommand,
  ls: lsCommand,
  download: downloadCommand,
  link: linkCommand,
  status: statusCommand,
  cancel: cancelCommand,
};

const terminal = new Terminal(process.stdout, process.stderr);

/** 0: done; 1: it did not work; 2: the command line does not hold; 130: Ctrl-C. */
async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    terminal.result(overview());
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    terminal.say(`There is no command ${name}.\n\n${overview()}`);
    return 2;
  }
  if (args.includes('--help') || args.includes('-h')) {
    terminal.result(`${command.summary}\n\nUsage: ${command.usage}`);
    return 0;
  }
  try {
    return await command.run(args, { terminal, env: process.env, signal: interruption() });
  } catch (error) {
    return report(error, name);
  }
}

/** Ctrl-C lets what is under way end well; the second time it ends at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => {
    controller.abort(new Interrupted('Interrupted. The same command again goes on with it.'));
    process.once('SIGINT', () => process.exit(130));
  });
  return controller.signal;
}

function report(error: unknown, name: string): number {
  terminal.say(messageOf(error));
  if (error instanceof UsageError) terminal.say(`See: ${name} --help`);
  if (error instanceof Interrupted) return 130;
  return error instanceof UsageError ? 2 : 1;
}

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return ['Usage: waybill <command> [options]', '', ...lines, '', '<command> --help tells more.'].join('\n');
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
