import { createHash } from 'node:crypto';
import { access, open, rename } from 'node:fs/promises';
import { basename } from 'node:path';
import { Persistence, type FileInfo, type WaybillClient } from '@waybill/client';
import { UsageError, type Command, type Surroundings } from '../command';
import { connect, CONNECTION, CONNECTION_USAGE } from '../connection';
import { onlyWord, readOptions } from '../options';
import { readableSize } from '../terminal';

export const downloadCommand: Command = {
  summary: 'Download a file; its bytes are compared with its digest.',
  usage: `download FILE_ID [options]

Writes it into this folder, under its name, and prints that. A download that breaks goes on.

  --output PATH       write it there instead
  --force             also over a file that is there

${CONNECTION_USAGE}`,

  async run(args, surroundings) {
    const { values, positionals } = readOptions(args, {
      ...CONNECTION,
      output: { type: 'string' },
      force: { type: 'boolean' },
    });
    const id = onlyWord(positionals, 'FILE_ID');
    const { client } = await connect(values, surroundings);
    const { data: file } = await client.GET('/api/files/{id}', { params: { path: { id } } });
    const path = values.output ?? basename(file.name);
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (exists && !values.force) throw new UsageError(`${path} is there already: --output PATH, or --force.`);
    await receive(client, file, path, surroundings);
    surroundings.terminal.result(path);
    return 0;
  },
};

/** Under another name until it is whole. */
async function receive(client: WaybillClient, file: FileInfo, path: string, surroundings: Surroundings) {
  const { signal, terminal } = surroundings;
  const part = `${path}.part`;
  const hash = createHash('sha256');
  const handle = await open(part, 'w', 0o600);
  try {
    const persistence = new Persistence({
      signal,
      onRetry: () => terminal.show({ label: file.name, phase: 'waiting for the service', part: null }),
    });
    let received = 0;
    let etag = '';
    const take = async (): Promise<void> => {
      const headers: Record<string, string> =
        received === 0 ? {} : { Range: `bytes=${received}-`, 'If-Range': etag };
      const { body, status, headers: answered } = await client.download(file.id, { headers, signal });
      etag = answered.get('etag') ?? '';
      if (received > 0 && status !== 206) throw new Error(`${file.name} has become another file.`);
      for await (const chunk of body!) {
        hash.update(chunk);
        await handle.write(chunk);
        received += chunk.byteLength;
        persistence.succeeded();
        const note = `${readableSize(received)} of ${readableSize(file.size)}`;
        terminal.show({ label: file.name, phase: 'downloading', part: received / file.size, note });
      }
    };
    await persistence.of(take);
  } finally {
    await handle.close();
  }
  if (hash.digest('hex') !== file.sha256)
    throw new Error(`${part} is not what the service has: download it again.`);
  await rename(part, path);
}
