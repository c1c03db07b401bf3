import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { uuidv7 } from '@waybill/core/kernel';
import { LiveCounters } from './live-counters';
import { LiveMemory } from './live-memory';
import type { LivePhase, LiveRecord } from './live-record';
import { MovingRate } from './moving-rate';
import { RecentRates } from './recent-rates';

/** Four times a second, at most, for each upload; and as one round trip for all of a process. */
const TICK_MS = 250;
/** What stands still is said again, so that it is known to live. */
const STILL_MS = 2_000;

/** Something that runs, while it is counted. */
interface Running {
  run: string;
  phase: LivePhase;
  count: () => number;
  rate: MovingRate;
  /** What all instances can know of it. */
  told: LiveRecord;
  /** Whether Redis has heard of it at all. */
  written: boolean;
}

/**
 * How far transfers and sealings are, beyond what is durable. Whoever runs one lets it be counted here; it is asked four
 * times a second, which costs the bytes themselves nothing, and the counts go to Redis, where every instance finds them.
 */
@Injectable()
export class LiveProgress implements OnApplicationShutdown {
  private readonly running = new Map<string, Running>();
  private readonly memory = new LiveMemory();
  private readonly rates = new RecentRates();
  private timer: NodeJS.Timeout | null = null;
  private writing = false;

  constructor(private readonly counters: LiveCounters) {}

  /**
   * Counts something that runs, until the answered function is called.
   *
   * @param count bytes of the whole upload that have come, or are sealed; cheap, and never lower than before.
   */
  follow(uploadId: string, phase: LivePhase, count: () => number): () => void {
    const rate = this.rates.take(uploadId) ?? new MovingRate();
    rate.add(count(), performance.now());
    const run = uuidv7().slice(-12);
    const told: LiveRecord = { run, phase, bytes: count(), speed: null, at: Date.now(), ended: false };
    const mine: Running = { run, phase, count, rate, told, written: false };
    this.running.set(uploadId, mine);
    this.timer ??= setInterval(() => void this.tick(), TICK_MS).unref();
    return () => {
      if (this.running.get(uploadId) !== mine) return;
      this.running.delete(uploadId);
      const end = { ...this.sample(mine, Date.now()), ended: true };
      this.rates.keep(uploadId, rate);
      const last = this.memory.learn(uploadId, end);
      // What was over before its first count is told by its row: small files cost Redis nothing.
      if (mine.written) void this.counters.write([[uploadId, last]]);
      if (this.running.size === 0) this.stop();
    };
  }

  /**
   * What is known of these uploads. Of those that run here no more than Redis was told: whoever goes on watching at another
   * instance would see them go back.
   */
  async of(uploadIds: readonly string[]): Promise<Map<string, LiveRecord>> {
    const known = new Map<string, LiveRecord>();
    const elsewhere: string[] = [];
    for (const id of uploadIds) {
      const mine = this.running.get(id);
      if (mine) known.set(id, this.memory.learn(id, mine.told));
      else elsewhere.push(id);
    }
    const read = await this.counters.read(elsewhere);
    for (const id of elsewhere) {
      const said = read.get(id);
      const record = said ? this.memory.learn(id, said) : this.memory.recall(id);
      if (record) known.set(id, record);
    }
    return known;
  }

  onApplicationShutdown(): void {
    this.stop();
  }

  private stop(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
  }

  private async tick(): Promise<void> {
    // A Redis that is behind is not given more: the next counts tell all that these do.
    if (this.writing) return;
    const now = Date.now();
    const due: [string, LiveRecord][] = [];
    for (const [uploadId, each] of this.running) {
      const record = this.sample(each, now);
      const { told } = each;
      const news = !each.written || told.bytes !== record.bytes || told.speed !== record.speed;
      if (!news && now - told.at < STILL_MS) continue;
      each.written = true;
      due.push([uploadId, record]);
    }
    if (due.length === 0) return;
    this.writing = true;
    // Where Redis is away, those who look here see it all the same.
    await this.counters.write(due);
    this.writing = false;
    for (const [uploadId, record] of due) {
      const each = this.running.get(uploadId);
      if (each?.run === record.run) each.told = record;
    }
  }

  private sample(running: Running, at: number): LiveRecord {
    const bytes = running.count();
    running.rate.add(bytes, performance.now());
    return { run: running.run, phase: running.phase, bytes, speed: running.rate.perSecond, at, ended: false };
  }
}
