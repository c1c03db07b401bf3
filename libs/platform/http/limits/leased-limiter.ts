import type { RateLimiter, RateLimitPolicy, RateLimitState } from './rate-limiter';

/** Of what is left, no instance takes more than this part at a time: the others want some, too. */
const LARGEST_SHARE = 1 / 8;
/** How much later a window may seem to end, by the time that answers take, without being another one. */
const CLOCK_SLACK_MS = 1000;
/** Keys that are remembered; the oldest is forgotten first, and what was left of its lease is lost. */
const MAX_KEYS = 20_000;

/**
 * Counts what happens too often to ask Redis each time: an instance takes points in leases and spends them without
 * asking. The points of all leases together are never more than the limit, so instances may refuse a little early when
 * another one sits on a lease, and never too late. A lease begins with one point and doubles: who asks seldom ties
 * nothing up, and who asks often costs a few round trips a minute. Who has used the limit up is refused without asking
 * until the window ends.
 */
export class LeasedLimiter {
  private readonly leases = new Map<string, Lease>();

  constructor(private readonly limiter: RateLimiter) {}

  /** Takes a point and tells where that leads: at once where the lease allows it. */
  take(policy: RateLimitPolicy, key: string): RateLimitState | Promise<RateLimitState> {
    const id = `${policy.name} ${key}`;
    let lease = this.leases.get(id);
    if (lease === undefined) {
      lease = new Lease(policy, key);
      this.leases.set(id, lease);
      if (this.leases.size > MAX_KEYS) this.leases.delete(this.leases.keys().next().value!);
    }
    return lease.spend(performance.now()) ?? lease.renewThenSpend(this.limiter);
  }
}

/** What one key may still spend here, in the window that is known of it. */
class Lease {
  private points = 0;
  private size = 1;
  /** Left to all instances beyond what they hold. */
  private left = 0;
  private limit = 0;
  private endsAt = 0;
  private renewedAt = 0;
  private wanting = 0;
  private renewal?: Promise<void>;

  constructor(
    private readonly policy: RateLimitPolicy,
    private readonly key: string,
  ) {}

  /** Where the key stands after one more point, or undefined when that cannot be said here. */
  spend(now: number): RateLimitState | undefined {
    if (now >= this.endsAt || (this.points === 0 && this.left > 0)) return undefined;
    const exceeded = this.points === 0;
    if (!exceeded) this.points -= 1;
    return {
      policy: this.policy.name,
      limit: this.limit,
      windowSeconds: this.policy.seconds,
      remaining: this.points + this.left,
      // In whole milliseconds: what differs by the last bit of a sum is not another second.
      resetSeconds: Math.ceil(Math.round(this.endsAt - now) / 1000),
      exceeded,
    };
  }

  async renewThenSpend(limiter: RateLimiter): Promise<RateLimitState> {
    this.wanting += 1;
    try {
      for (;;) {
        await (this.renewal ??= this.renew(limiter).finally(() => (this.renewal = undefined)));
        // By the time of the answer: a window may end before its answer is looked at, and would never be met alive.
        const state = this.spend(this.renewedAt);
        if (state !== undefined) return state;
      }
    } finally {
      this.wanting -= 1;
    }
  }

  private async renew(limiter: RateLimiter): Promise<void> {
    const points = Math.max(1, Math.min(this.left, Math.max(this.wanting, this.size)));
    const { policy, used, resetMs } = await limiter.count(this.policy, this.key, points);
    const now = performance.now();
    // What was left of another window is worth nothing in this one.
    if (now + resetMs - this.endsAt > CLOCK_SLACK_MS) this.points = 0;
    this.points += Math.max(0, points - Math.max(0, used - policy.points));
    this.left = Math.max(0, policy.points - used);
    this.limit = policy.points;
    this.endsAt = now + Math.max(1, resetMs);
    this.renewedAt = now;
    this.size = Math.max(1, Math.min(this.size * 2, Math.floor(this.left * LARGEST_SHARE)));
  }
}
