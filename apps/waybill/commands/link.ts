import type { Command } from '../command';
import { connect, CONNECTION, CONNECTION_USAGE } from '../connection';
import { onlyWord, readOptions, wholeNumber } from '../options';

export const linkCommand: Command = {
  summary: 'Get a download link of a file.',
  usage: `link FILE_ID [options]

Prints the link. It works for whoever has it, as long as you may have the file.

  --expires-in SEC    how long it works; ten minutes by default, a day at most

${CONNECTION_USAGE}`,

  async run(args, surroundings) {
    const { values, positionals } = readOptions(args, { ...CONNECTION, 'expires-in': { type: 'string' } });
    const id = onlyWord(positionals, 'FILE_ID');
    const expiresInSeconds = wholeNumber(values['expires-in'], '--expires-in');
    const { client } = await connect(values, surroundings);
    const { data } = await client.POST('/api/files/{id}/download-link', {
      params: { path: { id } },
      body: { expiresInSeconds },
    });
    surroundings.terminal.result(data.downloadUrl);
    return 0;
  },
};
