interface Waiting<Item, Result> {
  item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Does together what many ask for at about the same time. Who asks while little is under way begins at once, and who
 * asks meanwhile is done with all the others as soon as that is over: nobody waits for company, and the more there is to
 * do, the more is done at a time (group commit: Gawlick and Kinkade, "Varieties of Concurrency Control in IMS/VS Fast
 * Path", 1985).
 *
 * What is answered was found out after it had been asked for.
 */
export class Gathering<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private atWork = 0;

  /**
   * @param work answers for each item, in their order; where it rejects, all of them are.
   * @param most how many items it is given at a time.
   * @param width how often it may be under way.
   * @param restMs how long it rests each time, before it is done again: whoever comes when little goes on waits for nothing,
   * and crowds are taken in larger companies.
   */
  constructor(
    private readonly work: (items: Item[]) => Promise<Result[]>,
    private readonly most: number,
    private readonly width = 1,
    private readonly restMs = 0,
  ) {}

  ask(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.atWork >= this.width) return;
      this.atWork += 1;
      // Whoever asks within the same turn of the event loop comes along.
      setImmediate(() => void this.workOff());
    });
  }

  private async workOff(): Promise<void> {
    while (this.waiting.length > 0) {
      const together = this.waiting.splice(0, this.most);
      try {
        const results = await this.work(together.map(({ item }) => item));
        for (const [index, { resolve }] of together.entries()) resolve(results[index]!);
      } catch (error) {
        for (const { reject } of together) reject(error);
      }
      if (this.restMs > 0) await new Promise((resolve) => setTimeout(resolve, this.restMs));
    }
    this.atWork -= 1;
  }
}
