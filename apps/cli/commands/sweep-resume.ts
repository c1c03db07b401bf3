import { AuditLogRepository } from '@waybill/platform/audit';
import { Database } from '@waybill/platform/database';
import { judge, readGenerations, StoreGenerations, SweepAlarms } from '@waybill/platform/objects';
import { Metrics, ReadinessChecks } from '@waybill/platform/observability';
import { ObjectStores } from '@waybill/platform/storage';
import { readOptions } from '../arguments';
import type { Command } from '../command';
import { withInstallation } from '../fsck/fsck.module';
import { recordDeed } from '../operator-audit';

export const sweepResumeCommand: Command = {
  summary: 'Let sweepers delete again after a backup was restored.',
  usage: `sweep:resume [--status]

Sweepers stop where the database looks older than the object store, or the store older or other than what the database
knows (SWEEP_DATABASE_OLDER, SWEEP_STORE_INCOMPLETE in metrics, log and readiness): by rows of yesterday they would delete
what is needed today. Run fsck first; bring back what it misses, if you can. This command says that database and store are
a pair from now on.

  --status   change nothing; show what both have. Exit code 0: they are a pair; 1: they are not`,

  async run(args) {
    const { status } = readOptions(args, { status: { type: 'boolean' } });
    return withInstallation({ readOnly: status === true }, async (services) => {
      const [database, stores] = [services.get(Database), services.get(ObjectStores)];
      if (status) {
        const found = await readGenerations(database, stores.default);
        const verdict = judge(found);
        console.log(`database ${found.recorded ?? 'none'}, store ${found.stored ?? 'none'}: ${verdict}`);
        return verdict === 'agree' || verdict === 'new' ? 0 : 1;
      }
      const alarms = new SweepAlarms(database, services.get(Metrics), services.get(ReadinessChecks));
      const { recorded, stored, now } = await new StoreGenerations(database, stores, alarms).acknowledge();
      await recordDeed(new AuditLogRepository(database), 'sweep.resumed', { recorded, stored, now });
      console.log(
        `The database had ${recorded ?? 'none'}, the store ${stored ?? 'none'}; both have ${now} now.`,
      );
      return 0;
    });
  },
};
