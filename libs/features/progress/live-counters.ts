import { Injectable, Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { readRecord, writeRecord, type LiveRecord } from './live-record';

const PREFIX = 'progress:';
/** A record that is not repeated for so long was left by a process that died. */
const RUNNING_MS = 6_000;
/** What ended is remembered for those who look afterwards: how far a cancelled transfer had come, say. */
const ENDED_MS = 60 * 60_000;
/** How long Redis may take before an answer goes without it, and how long it is then left alone. */
const PATIENCE_MS = 400;
const PAUSE_MS = 1_000;

/** The live counters in Redis, where every instance finds them. Never rejects: what cannot be known is not there. */
@Injectable()
export class LiveCounters {
  private readonly log = new Logger(LiveCounters.name);
  private restsUntil = 0;

  constructor(private readonly redis: Redis) {}

  /** One round trip, whatever their number. False when Redis did not take them. */
  async write(records: readonly (readonly [uploadId: string, record: LiveRecord])[]): Promise<boolean> {
    const answered = await this.ask(async () => {
      const pipeline = this.redis.pipeline();
      for (const [uploadId, record] of records) {
        pipeline.set(PREFIX + uploadId, writeRecord(record), 'PX', record.ended ? ENDED_MS : RUNNING_MS);
      }
      return pipeline.exec();
    });
    return answered !== null;
  }

  /** What is known of these uploads. */
  async read(uploadIds: readonly string[]): Promise<Map<string, LiveRecord>> {
    const found = new Map<string, LiveRecord>();
    if (uploadIds.length === 0) return found;
    const texts = await this.ask(() => this.redis.mget(uploadIds.map((id) => PREFIX + id)));
    for (const [index, text] of (texts ?? []).entries()) {
      const record = text === null ? null : readRecord(text);
      if (record !== null) found.set(uploadIds[index]!, record);
    }
    return found;
  }

  private async ask<T>(command: () => Promise<T>): Promise<T | null> {
    if (this.redis.status !== 'ready' || performance.now() < this.restsUntil) return null;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const giveUp = (): void => reject(new Error(`no answer within ${PATIENCE_MS} ms`));
      // When this process itself was busy that long, the answer may be there, unread: one look at the sockets first.
      timer = setTimeout(() => setImmediate(giveUp), PATIENCE_MS);
    });
    try {
      return await Promise.race([command(), late]);
    } catch (error) {
      this.restsUntil = performance.now() + PAUSE_MS;
      this.log.warn(`Progress is told from rows alone until Redis answers: ${(error as Error).message}`);
      return null;
    } finally {
      clearTimeout(timer);
    }
  }
}
