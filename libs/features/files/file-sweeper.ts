import { Injectable } from '@nestjs/common';
import { Clock } from '@waybill/core/kernel';
import { DepartedOwners } from './departed-owners';
import { LINK_MAX_SECONDS } from './download-links';
import { FileRepository } from './file.repository';
import { FilesService } from './files.service';
import { SweepGuard } from './sweep-guard';

const BATCH = 200;
/** How long before its end an owner is warned of it. */
const WARNING_MS = 24 * 60 * 60 * 1000;
/** One run leaves the rest to the next, so that nothing else of the worker waits for long. */
const MAX_BATCHES = 25;
/** As long as a link can live: until then it is told that the file is gone, afterwards the link itself is. */
const TOMBSTONE_MS = LINK_MAX_SECONDS * 1000;

/** Warns of ends that are near, ends the files whose time is over or whose owner was deleted, and forgets those that ended long ago. Bytes are the object sweeper's. */
@Injectable()
export class FileSweeper {
  constructor(
    private readonly files: FilesService,
    private readonly catalogue: FileRepository,
    private readonly departed: DepartedOwners,
    private readonly guard: SweepGuard,
    private readonly clock: Clock,
  ) {}

  /** Tells how many rows it ended or forgot. Safe in several processes at once. */
  async run(): Promise<number> {
    const before = new Date(this.clock.now().getTime() - TOMBSTONE_MS);
    await inBatches(() => this.files.warn(WARNING_MS, BATCH));
    const allowed = await this.guard.allows(this.clock.now());
    const expired = allowed ? await inBatches(() => this.files.expire(BATCH)) : 0;
    const left = await inBatches(() => this.departed.deleteFiles(BATCH));
    const forgotten = await inBatches(() => this.catalogue.forgetTombstones(before, BATCH));
    return expired + left + forgotten;
  }
}

async function inBatches(step: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const done = await step();
    total += done;
    if (done < BATCH) break;
  }
  return total;
}
