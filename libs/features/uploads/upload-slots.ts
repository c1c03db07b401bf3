import { Injectable } from '@nestjs/common';
import { AppError } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { Database, fromNow, isUniqueViolation, type Tx } from '@waybill/platform/database';

/** When another try is worth it; how long a transfer takes, nobody knows. */
const RETRY_SECONDS = 5;
/** Two that want the same slot at once try again, and each time one of them has got it. */
const MOST_TRIES = 50;

/**
 * SQL for the number of a slot that no running upload of a user has, or null. Any of them, so that two uploads which
 * begin at once rarely want the same.
 *
 * @param owner SQL for the user's id.
 * @param slots SQL for how many there are.
 */
export function freeSlot(owner: string, slots: string): string {
  return `(SELECT candidate FROM generate_series(1, ${slots}::int) candidate
           WHERE NOT EXISTS (SELECT 1 FROM uploads running WHERE running.owner_id = ${owner}
                               AND running.slot = candidate AND running.status = 'uploading')
           ORDER BY random() LIMIT 1)`;
}

/**
 * How many uploads run at once. Those of this process are counted. Those of a user, wherever they run, have slots: a
 * column of the upload's row, and a unique index by which no two have the same one. A slot is free as soon as its upload
 * is anything but `uploading`, or nobody sends for it; that of a process that was killed, when its lease is over.
 */
@Injectable()
export class UploadSlots {
  private running = 0;

  constructor(
    private readonly database: Database,
    private readonly config: AppConfig,
  ) {}

  /**
   * Counts a transfer of this process, until the answered function is called (once).
   *
   * @throws AppError `RATE_LIMITED`
   */
  enter(): () => void {
    if (this.running >= this.config.uploads.concurrency.perInstance)
      throw tooMany('Too many uploads are running here. Try again soon.');
    this.running += 1;
    return () => void (this.running -= 1);
  }

  /**
   * Lets `attempt` get one of a user's slots.
   *
   * @param attempt answers false when no slot was free, or another was faster. Must look anew each time.
   * @throws AppError `RATE_LIMITED` when all are taken.
   */
  async within(ownerId: string, attempt: () => Promise<boolean>, tx?: Tx): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      if (await attempt()) return;
      if ((await this.freeLapsed(ownerId, tx)) === 0 && (await this.allTaken(ownerId, tx))) break;
    }
    throw tooMany('You have too many uploads running. Try again when one of them is over.');
  }

  /** Takes a slot for an upload that is resumed, and its lease; nothing where it is over. Once more changes nothing. */
  async take(uploadId: string, ownerId: string): Promise<void> {
    const { concurrency } = this.config.uploads;
    const attempt = async (): Promise<boolean> => {
      const [row] = await this.database.query<{ open: boolean; taken: boolean }>(
        `WITH free AS (SELECT ${freeSlot('$2::uuid', '$3')} AS candidate),
              taken AS (UPDATE uploads SET slot = coalesce(uploads.slot, free.candidate), lease_until = ${fromNow(4)}
                        FROM free WHERE uploads.id = $1 AND status = 'uploading'
                                    AND coalesce(uploads.slot, free.candidate) IS NOT NULL
                        RETURNING uploads.id)
         SELECT EXISTS (SELECT 1 FROM uploads WHERE id = $1 AND status = 'uploading') AS open,
                EXISTS (SELECT 1 FROM taken) AS taken`,
        [uploadId, ownerId, concurrency.perUser, this.config.leaseMs],
      );
      return row!.taken || !row!.open;
    };
    await this.within(ownerId, () => this.again(attempt));
  }

  /** Runs a statement that takes a free slot, again as long as another was faster to get the same one. */
  async again<T>(statement: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await statement();
      } catch (error) {
        if (tries === MOST_TRIES || !isUniqueViolation(error, 'uploads_slot')) throw error;
      }
    }
  }

  /** Nobody sends for the upload now. */
  async release(uploadId: string): Promise<void> {
    await this.database.query(
      `UPDATE uploads SET slot = NULL WHERE id = $1 AND status = 'uploading' AND slot IS NOT NULL`,
      [uploadId],
    );
  }

  /** Takes slots back from uploads whose processes are dead. Answers how many. */
  private async freeLapsed(ownerId: string, tx?: Tx): Promise<number> {
    const rows = await this.database.query(
      `UPDATE uploads SET slot = NULL
       WHERE owner_id = $1 AND status = 'uploading' AND slot IS NOT NULL AND lease_until < now() RETURNING id`,
      [ownerId],
      tx,
    );
    return rows.length;
  }

  private async allTaken(ownerId: string, tx?: Tx): Promise<boolean> {
    const [row] = await this.database.query<{ taken: boolean }>(
      `SELECT ${freeSlot('$1::uuid', '$2')} IS NULL AS taken`,
      [ownerId, this.config.uploads.concurrency.perUser],
      tx,
    );
    return row!.taken;
  }
}

function tooMany(detail: string): AppError {
  return new AppError('RATE_LIMITED', detail, { retryAfterSeconds: RETRY_SECONDS });
}
