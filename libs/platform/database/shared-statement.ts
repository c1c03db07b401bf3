import { Gathering } from '@waybill/core/kernel';
import { isRefusedStatement } from './errors';

/**
 * A statement that all share who need it at about the same time. What the database refuses for what one of them says
 * (data, constraints) is not the others' loss: each is then asked for alone, and told of its own.
 */
export class SharedStatement<Item, Result> {
  private readonly gathering: Gathering<Item, () => Result>;

  /**
   * @param run answers for each item, in their order.
   * @param most how many items it is given at a time.
   * @param restMs as `Gathering` takes it.
   */
  constructor(
    private readonly run: (items: Item[]) => Promise<Result[]>,
    most: number,
    restMs = 0,
  ) {
    this.gathering = new Gathering((items) => this.together(items), most, 1, restMs);
  }

  async ask(item: Item): Promise<Result> {
    const answer = await this.gathering.ask(item);
    return answer();
  }

  private async together(items: Item[]): Promise<(() => Result)[]> {
    try {
      const results = await this.run(items);
      return results.map((result) => () => result);
    } catch (error) {
      if (items.length === 1 || !isRefusedStatement(error)) throw error;
      return Promise.all(items.map((item) => this.alone(item)));
    }
  }

  private async alone(item: Item): Promise<() => Result> {
    try {
      const [result] = await this.run([item]);
      return () => result!;
    } catch (error) {
      return () => {
        throw error;
      };
    }
  }
}
