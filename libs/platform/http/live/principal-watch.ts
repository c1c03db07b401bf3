import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { UserPrincipal } from '@waybill/core/kernel';
import { PrincipalSource } from '../principal-source';

/** How late, at most, whoever lost his right is noticed; half of what is promised, since looking takes time. */
const LOOK_MS = 2_000;

interface Watched {
  principal: UserPrincipal;
  mayStay: (now: UserPrincipal) => boolean;
  onLost: () => void;
}

/**
 * Watches over connections that outlive the request that opened them: when the session, the key or the account of their
 * principal ends, or he may not any more what he might, they hear of it within seconds. All of a process are looked at
 * with one question.
 *
 * While the database is away nobody is thrown out: nothing can be read that he could be shown.
 */
@Injectable()
export class PrincipalWatch implements OnApplicationShutdown {
  private readonly log = new Logger(PrincipalWatch.name);
  private readonly watched = new Set<Watched>();
  private timer: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(private readonly source: PrincipalSource) {}

  /** Calls `onLost` once, unless the answered function was called before. */
  watch(principal: UserPrincipal, mayStay: (now: UserPrincipal) => boolean, onLost: () => void): () => void {
    const entry = { principal, mayStay, onLost };
    this.watched.add(entry);
    this.again();
    return () => this.watched.delete(entry);
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    if (this.timer) clearTimeout(this.timer);
  }

  private again(): void {
    if (this.timer || this.stopped || this.watched.size === 0) return;
    this.timer = setTimeout(() => void this.look(), LOOK_MS).unref();
  }

  private async look(): Promise<void> {
    const entries = [...this.watched];
    try {
      const principals = await this.source.renew(entries.map(({ principal }) => principal));
      for (const [index, entry] of entries.entries()) {
        const now = principals[index];
        if (now && entry.mayStay(now)) continue;
        if (this.watched.delete(entry)) entry.onLost();
      }
    } catch (error) {
      this.log.warn(`Nobody can be asked who may stay: ${(error as Error).message}`);
    }
    this.timer = null;
    this.again();
  }
}
