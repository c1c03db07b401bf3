import { setImmediate as turn } from 'node:timers/promises';
import { Gathering } from './gathering';

/** Work that ends when it is told to. */
function slowWork() {
  const begun: number[][] = [];
  const ends: { resolve: (results: string[]) => void; reject: (error: Error) => void }[] = [];
  const gathering = new Gathering<number, string>((items) => {
    begun.push(items);
    return new Promise((resolve, reject) => ends.push({ resolve, reject }));
  }, 3);
  const succeed = (): void => ends.shift()!.resolve(begun.at(-ends.length - 1)!.map((item) => `did ${item}`));
  return { begun, gathering, succeed, ends };
}

describe('Gathering', () => {
  it('begins at once with whoever asks in one turn, and does together what is asked for meanwhile', async () => {
    const { begun, gathering, succeed } = slowWork();
    const results = [gathering.ask(1), gathering.ask(2)];
    await turn();
    expect(begun).toEqual([[1, 2]]);
    results.push(...[3, 4, 5, 6].map((item) => gathering.ask(item)));
    await turn();
    expect(begun).toEqual([[1, 2]]);
    succeed();
    await turn();
    expect(begun).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    succeed();
    await turn();
    succeed();
    expect(await Promise.all(results)).toEqual(['did 1', 'did 2', 'did 3', 'did 4', 'did 5', 'did 6']);
  });

  it('rests between two times, so that a crowd comes together, and lets nobody wait who comes alone', async () => {
    const begun: number[][] = [];
    const work = async (items: number[]): Promise<number[]> => {
      begun.push(items);
      return items;
    };
    const gathering = new Gathering(work, 10, 1, 30);
    expect(await gathering.ask(1)).toBe(1);
    const crowd = [gathering.ask(2)];
    await turn();
    crowd.push(gathering.ask(3));
    expect(begun).toEqual([[1]]);
    expect(await Promise.all(crowd)).toEqual([2, 3]);
    expect(begun).toEqual([[1], [2, 3]]);
    await new Promise((resolve) => setTimeout(resolve, 60));
    void gathering.ask(4);
    await turn();
    await turn();
    expect(begun).toEqual([[1], [2, 3], [4]]);
  });

  it('fails those that were done together, and goes on with the others', async () => {
    const { gathering, succeed, ends } = slowWork();
    const first = gathering.ask(1);
    await turn();
    const second = gathering.ask(2);
    ends.shift()!.reject(new Error('broken'));
    await expect(first).rejects.toThrow('broken');
    await turn();
    succeed();
    expect(await second).toBe('did 2');
  });
});
