import type { Command } from '../command';
import { connect, CONNECTION, CONNECTION_USAGE } from '../connection';
import { readOptions, wholeNumber } from '../options';
import { printable, readableSize } from '../terminal';

export const lsCommand: Command = {
  summary: 'List files, the newest first.',
  usage: `ls [options]

Ops see what they own, clients what is available to them.

  --limit N           only the first N
  --json              one JSON object a line, with everything that is known

${CONNECTION_USAGE}`,

  async run(args, surroundings) {
    const { values } = readOptions(args, {
      ...CONNECTION,
      limit: { type: 'string' },
      json: { type: 'boolean' },
    });
    let left = wholeNumber(values.limit, '--limit') ?? Infinity;
    const { client } = await connect(values, surroundings);
    for await (const file of client.files()) {
      if (left-- <= 0) break;
      const { id, createdAt, size, name, title } = file;
      const line = [
        id,
        createdAt.slice(0, 16).replace('T', ' '),
        readableSize(size).padStart(10),
        name,
        title ?? '',
      ];
      surroundings.terminal.result(values.json ? JSON.stringify(file) : printable(line.join('  ').trimEnd()));
    }
    return 0;
  },
};
