export interface GateOptions {
  /** How many are inside at a time. */
  width: number;
  /** How many more may wait; by default as many as come. */
  places?: number;
  /** How many of one lane may be there, inside or waiting. */
  perLane?: number;
  /** How long one waits for a turn, in milliseconds; whoever waited longer is turned away when the next one leaves. */
  patienceMs?: number;
  /** What those are told who are turned away. */
  refusal?: () => Error;
}

/**
 * Lets a few in at a time, and keeps a crowd that wants one thing from standing in the way of everybody else.
 *
 * Who wants the same (a lane: guesses at one account) waits in order. The lanes take turns, and a new lane goes first: a
 * flood in one lane delays others by one turn. Where the lanes themselves are the flood, the newest is served first, since
 * those who came earlier have likely given up, and a queue that serves its oldest makes everybody wait for all of it
 * (adaptive LIFO: Maurer, "Fail at Scale", ACM Queue 13(8), 2015). Who finds all places taken gets that of the one who
 * would be last.
 */
export class Gate {
  private inside = 0;
  private waiting = 0;
  /** In the order of their turns. A lane stays as long as somebody of it is there, so that it cannot come back as new. */
  private readonly lanes: Lane[] = [];
  private readonly options: Required<GateOptions>;

  constructor(options: GateOptions) {
    const refusal = (): Error => new Error('There is no place left.');
    this.options = { places: Infinity, perLane: Infinity, patienceMs: Infinity, refusal, ...options };
  }

  /** Runs `work` inside. Rejects with the refusal, at once or later, when others are let in instead. */
  async pass<T>(key: string, work: () => Promise<T>): Promise<T> {
    const lane = this.join(key);
    try {
      await this.turn(lane);
      try {
        return await work();
      } finally {
        this.inside -= 1;
      }
    } finally {
      this.leave(lane);
    }
  }

  private join(key: string): Lane {
    let lane = this.lanes.find((known) => known.key === key);
    if (lane !== undefined && lane.there >= this.options.perLane) throw this.options.refusal();
    if (lane === undefined) {
      lane = { key, there: 0, waiting: [] };
      this.lanes.unshift(lane);
    }
    lane.there += 1;
    return lane;
  }

  private turn(lane: Lane): Promise<void> {
    if (this.waiting >= this.options.places) this.turnLastAway();
    return new Promise((enter, refuse) => {
      this.waiting += 1;
      lane.waiting.push({ since: performance.now(), enter, refuse });
      this.admit();
    });
  }

  private leave(lane: Lane): void {
    lane.there -= 1;
    if (lane.there === 0) this.lanes.splice(this.lanes.indexOf(lane), 1);
    this.turnImpatientAway();
    this.admit();
  }

  private admit(): void {
    while (this.inside < this.options.width && this.waiting > 0) {
      const at = this.lanes.findIndex(({ waiting }) => waiting.length > 0);
      const [lane] = this.lanes.splice(at, 1) as [Lane];
      this.lanes.push(lane);
      this.waiting -= 1;
      this.inside += 1;
      lane.waiting.shift()!.enter();
    }
  }

  private turnLastAway(): void {
    const lane = this.lanes.findLast(({ waiting }) => waiting.length > 0);
    this.refuse(lane?.waiting.pop());
  }

  private turnImpatientAway(): void {
    const since = performance.now() - this.options.patienceMs;
    for (const { waiting } of this.lanes) {
      while (waiting.length > 0 && waiting[0]!.since < since) this.refuse(waiting.shift());
    }
  }

  private refuse(waiter: Waiter | undefined): void {
    if (waiter === undefined) return;
    this.waiting -= 1;
    waiter.refuse(this.options.refusal());
  }
}

interface Lane {
  key: string;
  /** How many of it wait or are inside. */
  there: number;
  waiting: Waiter[];
}

interface Waiter {
  since: number;
  enter(this: void): void;
  refuse(this: void, error: Error): void;
}
