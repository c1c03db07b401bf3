import { setTimeout as delay } from 'node:timers/promises';
import { AuditLogRepository } from '@waybill/platform/audit';
import { AppConfig } from '@waybill/platform/config';
import { Database } from '@waybill/platform/database';
import { Keyring, KeyringFile, type KeyringKey } from '@waybill/platform/keyring';
import { readOptions } from '../arguments';
import { UsageError, type Command } from '../command';
import { withInstallation } from '../fsck/fsck.module';
import { recordDeed } from '../operator-audit';
import { rewrapAll } from '../rotation/rewrap';
import { WrappedKeys } from '../rotation/wrapped-keys';

const DEFAULT_GRACE_SECONDS = 30;

export const keysRotateCommand: Command = {
  summary: 'Put all data keys under a new key encryption key.',
  usage: `keys:rotate [--prepare | --to ID | --new | --retire ID [--grace SECONDS] | --status]

Adds a key encryption key (KEK) to KEYRING_FILE, makes it the one that wraps, and rewraps the key of every file and
upload, while the system runs; running processes take the new keyring up by themselves. No object is touched. It may be
ended at any moment: another run goes on where this one was. A rotation is over when its old key is retired; until then
this command goes on with it, and begins no other.

Back up KEYRING_FILE after a rotation, before you rely on it: older copies cannot open what comes from now on.

  --prepare        only add a key, and print its id: where instances have copies of the keyring, distribute it first
  --to ID          make this key the one that wraps, and rewrap
  --new            begin another rotation although old keys are left
  --retire ID      take an old key out of the keyring. Refused while any row needs it; waits first, so that what
                   began before the rotation has ended
  --grace SECONDS  how long (${DEFAULT_GRACE_SECONDS})
  --status         change nothing; show the keys, and how many data keys are under each

Exit code 0: done; 1: some data keys could not be rewrapped (see fsck), or the key is still needed.`,

  async run(args) {
    const options = readOptions(args, {
      prepare: { type: 'boolean' },
      to: { type: 'string' },
      new: { type: 'boolean' },
      retire: { type: 'string' },
      grace: { type: 'string' },
      status: { type: 'boolean' },
    });
    const { grace: graceText, ...chosen } = options;
    if (Object.keys(chosen).length > 1)
      throw new UsageError(`--${Object.keys(chosen).join(' and --')} exclude each other.`);
    if (graceText !== undefined && options.retire === undefined)
      throw new UsageError('--grace goes with --retire.');
    const grace = secondsOf(graceText);

    return withInstallation({ readOnly: options.status === true }, async (services) => {
      const rotation = new Rotation(
        new KeyringFile(services.get(AppConfig).keyringFile),
        services.get(Keyring),
        new WrappedKeys(services.get(Database)),
        services.get(Database),
        new AuditLogRepository(services.get(Database)),
      );
      if (options.status) return rotation.status();
      if (options.prepare) return rotation.prepare();
      if (options.retire !== undefined) return rotation.retire(options.retire, grace);
      await rotation.choosePrimary(options.to, options.new === true);
      return rotation.rewrap();
    });
  },
};

class Rotation {
  constructor(
    private readonly file: KeyringFile,
    private readonly keyring: Keyring,
    private readonly keys: WrappedKeys,
    private readonly database: Database,
    private readonly audit: AuditLogRepository,
  ) {}

  async status(): Promise<number> {
    const { primary, keys } = await this.file.describe();
    const counts = await this.keys.perKek();
    for (const { id, createdAt } of keys) {
      const role = id === primary ? 'primary' : 'opens only';
      console.log(
        `${id}  ${createdAt.toISOString().slice(0, 10)}  ${role}  ${dataKeys(counts.get(id) ?? 0)}`,
      );
    }
    const missing = [...counts.keys()].filter((id) => !keys.some((key) => key.id === id));
    for (const id of missing) console.log(`${id}  not in the keyring  ${dataKeys(counts.get(id)!)}`);
    return missing.length === 0 ? 0 : 1;
  }

  async prepare(): Promise<number> {
    const id = await this.alone(() => this.file.add({ primary: false }));
    await recordDeed(this.audit, 'keyring.prepared', { kekId: id });
    console.log(id);
    console.error(`Copy the keyring to all instances, then: npm run keys:rotate -- --to ${id}`);
    return 0;
  }

  /** Decides which key wraps from now on. */
  async choosePrimary(to: string | undefined, another: boolean): Promise<void> {
    await this.alone(async () => {
      const { primary, keys } = await this.file.describe();
      if (to === undefined && keys.length > 1 && !another) {
        const prepared = keys.findLast((key) => isYounger(key, primary, keys));
        if (prepared !== undefined)
          throw new UsageError(`"${prepared.id}" was prepared: say --to ${prepared.id}, or --new.`);
        console.log(`The rotation to "${primary}" goes on; it is over when the other keys are retired.`);
        return;
      }
      if (to === primary) return;
      const id = to ?? (await this.file.add({ primary: true }));
      if (to !== undefined) await this.file.promote(to);
      await recordDeed(this.audit, 'keyring.rotated', { kekId: id, from: primary });
      console.log(`New data keys are wrapped by "${id}" from now on, before by "${primary}".`);
    });
  }

  async rewrap(): Promise<number> {
    const primary = await this.keyring.primaryId();
    let failed: string[] = [];
    // What began before the key changed may have written a row behind the first look.
    for (;;) {
      const waiting = await this.waitingFor(primary);
      const result = await rewrapAll(this.keys, this.keyring, (done) =>
        console.error(`rewrapped ${done} of ${waiting}`),
      );
      failed = result.failed.map(({ home, id, reason }) => `${home} ${id}: ${reason}`);
      if (result.rewrapped === 0) break;
    }
    for (const line of failed) console.error(`not rewrapped: ${line}`);
    if (failed.length > 0) return 1;
    const { keys } = await this.file.describe();
    const counts = await this.keys.perKek();
    console.log(`All ${dataKeys(counts.get(primary) ?? 0)} are under "${primary}". Back up the keyring now.`);
    const old = keys.filter((key) => key.id !== primary && !isYounger(key, primary, keys));
    for (const { id } of old) console.log(`To retire an old key: npm run keys:rotate -- --retire ${id}`);
    return 0;
  }

  async retire(id: string, graceSeconds: number): Promise<number> {
    const { primary, keys } = await this.file.describe();
    if (!keys.some((key) => key.id === id)) {
      console.log(`The keyring has no key "${id}".`);
      return 0;
    }
    if (id === primary) throw new UsageError(`"${id}" is the key that wraps; rotate first.`);
    if (await this.isNeeded(id)) return 1;
    console.error(`Waiting ${graceSeconds} s for what began before.`);
    await delay(graceSeconds * 1000);
    return this.alone(async () => {
      if (await this.isNeeded(id)) return 1;
      await this.file.remove(id);
      await recordDeed(this.audit, 'keyring.retired', { kekId: id });
      console.log(
        `"${id}" is out of the keyring. Keep a copy for as long as you keep database backups from before.`,
      );
      return 0;
    });
  }

  private async isNeeded(id: string): Promise<boolean> {
    const count = (await this.keys.perKek()).get(id) ?? 0;
    if (count > 0) console.error(`${dataKeys(count)} under "${id}": run keys:rotate first.`);
    return count > 0;
  }

  private async waitingFor(primary: string): Promise<number> {
    const counts = await this.keys.perKek();
    counts.delete(primary);
    return [...counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** One change of the keyring at a time, whoever else is rotating. */
  private alone<T>(work: () => Promise<T>): Promise<T> {
    return this.database.transaction(async (tx) => {
      await this.database.query(`SELECT pg_advisory_xact_lock(hashtext('waybill keyring'))`, [], tx);
      return work();
    });
  }
}

/** Younger keys than the one that wraps were prepared, and wait. */
function isYounger(key: KeyringKey, primary: string, keys: KeyringKey[]): boolean {
  return key.createdAt > keys.find(({ id }) => id === primary)!.createdAt;
}

function dataKeys(count: number): string {
  return count === 1 ? '1 data key' : `${count} data keys`;
}

function secondsOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_GRACE_SECONDS;
  if (!/^\d{1,5}$/.test(text)) throw new UsageError('--grace takes a number of seconds.');
  return Number(text);
}
