import { type FileAttributes, type Visibility } from '@waybill/client';
import { UsageError, type Command } from '../command';
import { connect, CONNECTION, CONNECTION_USAGE } from '../connection';
import { LocalFile } from '../local-file';
import { readOptions, wholeNumber } from '../options';
import { RememberedUploads } from '../remembered-uploads';
import { messageOf } from '../report';
import { MEDIA_KINDS, Sending, type Kind } from '../sending';

const VISIBILITIES: Visibility[] = ['clients', 'restricted', 'private'];

export const uploadCommand: Command = {
  summary: 'Upload files; what was interrupted goes on where it was.',
  usage: `upload FILE… [options]

Sends each file, waits until it is encrypted, and prints its id and name. The same command
again goes on with what was interrupted, also after kill -9 or a restart of this machine.

  --title TEXT        --description TEXT        --tags A,B
  --visibility WHO    ${VISIBILITIES.join(', ')}
  --recipient EMAIL   a client whom it is for; may be repeated, and restricts it
  --expires-in SEC    when it stops being available
  --max-downloads N   how often it may be downloaded
  --as KIND           document, ${MEDIA_KINDS.join(', ')}; by default what the extension says
  --resume UPLOAD_ID  go on with an upload that was begun elsewhere (see status)

${CONNECTION_USAGE}`,

  async run(args, surroundings) {
    const { values, positionals } = readOptions(args, {
      ...CONNECTION,
      title: { type: 'string' },
      description: { type: 'string' },
      tags: { type: 'string' },
      visibility: { type: 'string' },
      recipient: { type: 'string', multiple: true },
      'expires-in': { type: 'string' },
      'max-downloads': { type: 'string' },
      as: { type: 'string' },
      resume: { type: 'string' },
    });
    if (positionals.length === 0) throw new UsageError('No FILE was given.');
    if (values.resume !== undefined && positionals.length > 1) {
      throw new UsageError('--resume is about one FILE.');
    }
    const attributes: FileAttributes = {
      title: values.title,
      description: values.description,
      tags: values.tags?.split(','),
      visibility: oneOf(values.visibility, VISIBILITIES, '--visibility'),
      recipients: values.recipient,
      expiresInSeconds: wholeNumber(values['expires-in'], '--expires-in'),
      maxDownloads: wholeNumber(values['max-downloads'], '--max-downloads'),
    };
    const kind = oneOf<Kind>(values.as, ['document', ...MEDIA_KINDS], '--as');
    const connection = await connect(values, surroundings);
    const remembered = new RememberedUploads(surroundings.env);

    let failed = 0;
    for (const path of positionals) {
      const file = await LocalFile.open(path).catch((error: unknown) => {
        surroundings.terminal.say(messageOf(error));
        return null;
      });
      if (file === null) failed += 1;
      else {
        const sending = new Sending(connection, remembered, surroundings, file, attributes, kind);
        const done = await sending.run(values.resume).finally(() => file.close());
        if (!done) failed += 1;
      }
    }
    return failed === 0 ? 0 : 1;
  },
};

function oneOf<T extends string>(
  text: string | undefined,
  known: readonly T[],
  option: string,
): T | undefined {
  if (text === undefined || known.includes(text as T)) return text as T | undefined;
  throw new UsageError(`${option} must be one of ${known.join(', ')}.`);
}
