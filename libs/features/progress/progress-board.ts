import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { LiveProgress } from './live-progress';
import type { LiveRecord } from './live-record';
import { ProgressSource } from './progress-source';
import { isFinal, type ProgressFacts } from './progress-view';

/** Hears how an upload stands, as often as it is looked at; null when there is no such upload. */
export type Watcher = (facts: ProgressFacts, live: LiveRecord | null) => void;

const LOOK_MS = 250;
/** How long to leave the database alone that has just failed. */
const FAILED_MS = 1_000;

/**
 * Looks at the uploads that somebody in this process watches: all of them together, four times a second, with one query
 * for the rows and one round trip for the counts. So a watcher costs next to nothing, hears of what happens on any
 * instance, and misses nothing, because nothing is sent that could be lost.
 */
@Injectable()
export class ProgressBoard implements OnApplicationShutdown {
  private readonly log = new Logger(ProgressBoard.name);
  private readonly uploads = new Map<string, Set<Watcher>>();
  private readonly owners = new Map<string, Set<Watcher>>();
  /** What owners were last told of and is not over: its end is told, too. */
  private open = new Set<string>();
  private timer: NodeJS.Timeout | null = null;
  private looking = false;
  private stopped = false;

  constructor(
    private readonly source: ProgressSource,
    private readonly live: LiveProgress,
  ) {}

  /** Watches one upload, until the answered function is called. */
  watchUpload(uploadId: string, watcher: Watcher): () => void {
    return this.add(this.uploads, uploadId, watcher);
  }

  /** Watches whatever an owner uploads, until the answered function is called. */
  watchOwner(ownerId: string, watcher: Watcher): () => void {
    return this.add(this.owners, ownerId, watcher);
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    if (this.timer) clearTimeout(this.timer);
  }

  private add(watched: Map<string, Set<Watcher>>, id: string, watcher: Watcher): () => void {
    const watchers = watched.get(id) ?? new Set();
    watched.set(id, watchers.add(watcher));
    this.again(0);
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0 && watched.get(id) === watchers) watched.delete(id);
    };
  }

  private again(afterMs: number): void {
    if (this.timer || this.looking || this.stopped) return;
    if (this.uploads.size === 0 && this.owners.size === 0) return;
    this.timer = setTimeout(() => void this.look(), afterMs).unref();
  }

  private async look(): Promise<void> {
    this.timer = null;
    this.looking = true;
    let pauseMs = LOOK_MS;
    try {
      await this.tellAll();
    } catch (error) {
      this.log.warn(`Progress cannot be looked at: ${(error as Error).message}`);
      pauseMs = FAILED_MS;
    }
    this.looking = false;
    this.again(pauseMs);
  }

  private async tellAll(): Promise<void> {
    const owned = this.owners.size === 0 ? [] : await this.source.openOf([...this.owners.keys()]);
    const forOwners = new Set([...this.open, ...owned.map(({ id }) => id)]);
    const ids = [...new Set([...this.uploads.keys(), ...forOwners])];
    // Counts first, then rows: what has ended by then has its end in its row.
    const live = await this.live.of(ids);
    const rows = ids.length === 0 ? [] : await this.source.find(ids);
    this.open = new Set();
    for (const facts of rows) {
      const ofOwner = forOwners.has(facts.id) ? this.owners.get(facts.ownerId) : undefined;
      const watchers = [...(this.uploads.get(facts.id) ?? []), ...(ofOwner ?? [])];
      for (const watcher of watchers) watcher(facts, live.get(facts.id) ?? null);
      if (ofOwner && !isFinal(facts.status)) this.open.add(facts.id);
    }
  }
}
