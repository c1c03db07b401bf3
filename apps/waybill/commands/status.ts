import type { UploadProgress } from '@waybill/client';
import { UsageError, type Command } from '../command';
import { connect, CONNECTION, CONNECTION_USAGE } from '../connection';
import { readOptions } from '../options';
import { printable } from '../terminal';

const SHOWN = 20;

export const statusCommand: Command = {
  summary: 'See how uploads are getting on.',
  usage: `status [UPLOAD_ID] [options]

One upload, or your newest ${SHOWN}.

${CONNECTION_USAGE}`,

  async run(args, surroundings) {
    const { values, positionals } = readOptions(args, CONNECTION);
    if (positionals.length > 1) throw new UsageError('One UPLOAD_ID at a time.');
    const [uploadId] = positionals;
    const { client } = await connect(values, surroundings);
    const uploads =
      uploadId === undefined
        ? (await client.GET('/api/upload', { params: { query: { limit: SHOWN } } })).data.items
        : [(await client.GET('/api/upload/progress/{uploadId}', { params: { path: { uploadId } } })).data];
    for (const upload of uploads) surroundings.terminal.result(printable(lineOf(upload)));
    return 0;
  },
};

function lineOf({
  uploadId,
  status,
  failureCode,
  phasePercent,
  percentComplete,
  fileName,
}: UploadProgress): string {
  const percent = status === 'uploading' ? percentComplete : phasePercent;
  const how = percent === null || status === 'completed' ? '' : ` ${Math.floor(percent)} %`;
  return `${uploadId}  ${`${failureCode ?? status}${how}`.padEnd(18)}  ${fileName}`;
}
