import type { Command } from '../command';
import { connect, CONNECTION, CONNECTION_USAGE } from '../connection';
import { onlyWord, readOptions } from '../options';

export const cancelCommand: Command = {
  summary: 'Cancel an upload, wherever it runs.',
  usage: `cancel UPLOAD_ID [options]

Its bytes are deleted. An upload that has completed is a file: it cannot be cancelled.

${CONNECTION_USAGE}`,

  async run(args, surroundings) {
    const { values, positionals } = readOptions(args, CONNECTION);
    const uploadId = onlyWord(positionals, 'UPLOAD_ID');
    const { client } = await connect(values, surroundings);
    await client.POST('/api/upload/cancel/{uploadId}', { params: { path: { uploadId } } });
    surroundings.terminal.result(`${uploadId}  cancelled`);
    return 0;
  },
};
