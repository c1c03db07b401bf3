import { isUuid } from '@waybill/core/kernel';
import { Database } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { Keyring } from '@waybill/platform/keyring';
import { ObjectStores } from '@waybill/platform/storage';
import { readOptions } from '../arguments';
import { UsageError, type Command } from '../command';
import { fsck } from '../fsck/fsck';
import { withInstallation } from '../fsck/fsck.module';
import { ProgressDisplay } from '../fsck/progress-display';
import { jsonReport, textReport } from '../fsck/report';

const CLEAN = 0;
const FOUND = 1;
const NOT_RUN = 2;

export const fsckCommand: Command = {
  summary: 'Prove that every file, object, key and row fit together.',
  usage: `fsck [--fast] [--file ID] [--repair [--force]] [--json]

Reads and decrypts every stored object and holds all rows against them, while the system runs or stands still.
One finding a line: CODE SUBJECT DETAIL. Exit code 0: clean; 1: something was found; 2: it could not run.

  --fast      look at rows, keys and sizes, and read no object
  --file ID   look at one file and its upload only
  --repair    mark damaged files corrupt, leave orphaned objects to the sweeper, count usage anew; exit 0 when
              nothing is left to be found. Deletes no bytes. Refused where so much looks wrong that database and
              store are likely not of the same time
  --force     repair all the same
  --json      one JSON object a line; the last is the summary`,

  async run(args) {
    const {
      fast = false,
      file: fileId = null,
      repair = false,
      force = false,
      json = false,
    } = readOptions(args, {
      fast: { type: 'boolean' },
      file: { type: 'string' },
      repair: { type: 'boolean' },
      force: { type: 'boolean' },
      json: { type: 'boolean' },
    });
    if (fileId !== null && !isUuid(fileId)) throw new UsageError('--file takes the id of a file.');
    if (force && !repair) throw new UsageError('--force goes with --repair.');
    const options = { fast, fileId: fileId?.toLowerCase() ?? null, repair, force };

    const progress = new ProgressDisplay(process.stderr);
    const line = (stream: NodeJS.WriteStream) => (text: string) => {
      progress.clear();
      stream.write(`${text}\n`);
    };
    const report = (json ? jsonReport : textReport)({
      out: line(process.stdout),
      err: line(process.stderr),
      progress,
    });
    try {
      const summary = await withInstallation({ readOnly: !repair }, async (services) => {
        const installation = {
          database: services.get(Database),
          stores: services.get(ObjectStores),
          keyring: services.get(Keyring),
          outbox: services.get(Outbox),
        };
        return fsck(installation, options, report);
      });
      report.summary(summary, options);
      return summary.findings === summary.healed ? CLEAN : FOUND;
    } catch (error) {
      progress.clear();
      process.stderr.write(`fsck could not run: ${error instanceof Error ? error.message : String(error)}\n`);
      return NOT_RUN;
    }
  },
};
