import { setImmediate as nextTurn } from 'node:timers/promises';
import { BufferBudget } from './buffer-budget';

describe('BufferBudget', () => {
  it('lets the waiting go on one after the other, and only while there is room', async () => {
    const budget = new BufferBudget(100);
    budget.take(100);
    const woken: number[] = [];
    for (const [index, brings] of [60, 50, 10].entries())
      budget.whenFree(() => {
        woken.push(index);
        budget.take(brings);
      });
    budget.give(100);
    expect(woken).toEqual([0]);
    await nextTurn();
    await nextTurn();
    expect(woken).toEqual([0, 1]);
    budget.give(60);
    await nextTurn();
    await nextTurn();
    expect(woken).toEqual([0, 1, 2]);
  });

  it('wakes all of them in the end, whether or not they bring anything', async () => {
    const budget = new BufferBudget(100);
    budget.take(100);
    let woken = 0;
    for (let at = 0; at < 20; at++) budget.whenFree(() => (woken += 1));
    budget.give(1);
    for (let turn = 0; turn < 25; turn++) await nextTurn();
    expect(woken).toBe(20);
  });

  it('lets a crowd hold less together than one alone', () => {
    const budget = new BufferBudget(800);
    budget.enter();
    budget.take(799);
    expect(budget.exhausted).toBe(false);
    budget.enter();
    expect(budget.exhausted).toBe(true);
    budget.leave();
    expect(budget.exhausted).toBe(false);
    for (let writer = 0; writer < 100; writer++) budget.enter();
    budget.give(700);
    expect(budget.exhausted).toBe(false);
    budget.take(1);
    expect(budget.exhausted).toBe(true);
  });
});
