import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { AnyCommittedEvent } from '@waybill/core/contracts';
import { EventFeed } from '@waybill/platform/events';

type Hear = (event: AnyCommittedEvent) => void;

const LOOK_MS = 250;
/** How long to leave the database alone that has just failed. */
const FAILED_MS = 1_000;
const BATCH = 500;

/**
 * Hears of what is new in the feed, in this process, for the owners that somebody listens for: every event that gets its
 * place after he began, once, in order. Each process looks for itself, so that nothing is between the feed and a socket
 * that could lose an event.
 */
@Injectable()
export class FeedTail implements OnApplicationShutdown {
  private readonly log = new Logger(FeedTail.name);
  private readonly hearers = new Map<string, Set<Hear>>();
  private position: Promise<number> | null = null;
  private timer: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(private readonly feed: EventFeed) {}

  /** Resolves when everything of this owner's that comes from now on will be heard; with what ends it. */
  async follow(ownerId: string, hear: Hear): Promise<() => void> {
    const hearers = this.hearers.get(ownerId) ?? new Set();
    this.hearers.set(ownerId, hearers.add(hear));
    const leave = (): void => {
      hearers.delete(hear);
      if (hearers.size === 0 && this.hearers.get(ownerId) === hearers) this.hearers.delete(ownerId);
      if (this.hearers.size === 0) this.rest();
    };
    try {
      await (this.position ??= this.begin());
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    this.rest();
  }

  private async begin(): Promise<number> {
    const end = await this.feed.end();
    this.again(LOOK_MS);
    return end;
  }

  /** Nobody listens: whoever comes next begins where the feed ends then. */
  private rest(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.position = null;
  }

  private again(afterMs: number): void {
    if (this.stopped || this.hearers.size === 0) return;
    this.timer = setTimeout(() => void this.look(), afterMs).unref();
  }

  private async look(): Promise<void> {
    const { position, timer } = this;
    let pauseMs = LOOK_MS;
    try {
      const events = await this.feed.after((await position)!, BATCH);
      if (this.timer !== timer) return; // It rested meanwhile.
      this.tell(events);
      if (events.length > 0) this.position = Promise.resolve(events.at(-1)!.position);
      if (events.length === BATCH) pauseMs = 0;
    } catch (error) {
      if (this.timer !== timer) return;
      this.log.warn(`Sockets hear of nothing new: ${(error as Error).message}`);
      pauseMs = FAILED_MS;
    }
    this.again(pauseMs);
  }

  private tell(events: AnyCommittedEvent[]): void {
    for (const event of events) {
      for (const hear of (event.ownerId && this.hearers.get(event.ownerId)) || []) hear(event);
    }
  }
}
