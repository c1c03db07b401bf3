import { Gate } from './gate';

describe('Gate', () => {
  it('lets as many in as it is wide, the others in order, and turns away what the queue cannot hold', async () => {
    const gate = new Gate(2, 2);
    const entered: string[] = [];
    const come = (name: string) => gate.enter()?.then(() => entered.push(name)) ?? null;
    const visits = ['a', 'b', 'c', 'd'].map(come);
    expect(come('e')).toBeNull();
    await Promise.all(visits.slice(0, 2));
    expect(entered).toEqual(['a', 'b']);

    gate.leave();
    await visits[2];
    expect(entered).toEqual(['a', 'b', 'c']);
    gate.leave();
    await visits[3];
    expect(entered).toEqual(['a', 'b', 'c', 'd']);
  });

  it('is as wide as before once everybody has left', async () => {
    const gate = new Gate(1, 1);
    const first = gate.enter();
    const second = gate.enter();
    await first;
    gate.leave();
    await second;
    gate.leave();
    await gate.enter();
    expect(gate.enter()).not.toBeNull();
    expect(gate.enter()).toBeNull();
  });
});
