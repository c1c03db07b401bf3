import { Gate, type GateOptions } from './gate';

const TURNED_AWAY = 'turned away';

/** A gate, and visitors who note when they come in or are turned away, and stay until they are asked to leave. */
function gateOf(options: Partial<GateOptions> = {}) {
  const gate = new Gate({ width: 1, refusal: () => new Error(TURNED_AWAY), ...options });
  const log: string[] = [];
  const doors = new Map<string, () => void>();
  return {
    log,
    come(name: string, lane = name): void {
      const stay = async (): Promise<void> => {
        log.push(name);
        await new Promise<void>((resolve) => doors.set(name, resolve));
      };
      gate.pass(lane, stay).catch((error: Error) => log.push(`${name} ${error.message}`));
    },
    async leave(name: string): Promise<void> {
      await settled();
      doors.get(name)!();
      await settled();
    },
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Gate', () => {
  it('lets as many in as it is wide, and those of one lane in order', async () => {
    const { come, leave, log } = gateOf({ width: 2 });
    for (const name of ['a', 'b', 'c', 'd']) come(name, 'one');
    await settled();
    expect(log).toEqual(['a', 'b']);
    await leave('b');
    await leave('a');
    expect(log).toEqual(['a', 'b', 'c', 'd']);
  });

  it('makes who is alone in a lane wait one turn for a crowd, and crowds take turns', async () => {
    const { come, leave, log } = gateOf();
    for (const name of ['crowd 1', 'crowd 2', 'crowd 3']) come(name, 'crowd');
    for (const name of ['pair 1', 'pair 2']) come(name, 'pair');
    come('single');
    await settled();
    for (let index = 0; index < 5; index++) await leave(log.at(-1)!);
    expect(log).toEqual(['crowd 1', 'single', 'pair 1', 'crowd 2', 'pair 2', 'crowd 3']);
  });

  it('does not take a lane for new that has somebody inside', async () => {
    const { come, leave, log } = gateOf();
    come('crowd 1', 'crowd');
    come('single');
    come('crowd 2', 'crowd');
    await leave('crowd 1');
    expect(log).toEqual(['crowd 1', 'single']);
  });

  it('turns away at once what one lane may not hold, and no other', async () => {
    const { come, log } = gateOf({ perLane: 2 });
    for (const name of ['crowd 1', 'crowd 2', 'crowd 3']) come(name, 'crowd');
    come('single');
    await settled();
    expect(log).toEqual(['crowd 1', `crowd 3 ${TURNED_AWAY}`]);
  });

  it('gives the place of whoever would be last to one who comes while all are taken', async () => {
    const { come, leave, log } = gateOf({ places: 2 });
    for (const name of ['inside', 'first', 'second', 'third']) come(name);
    await settled();
    expect(log).toEqual(['inside', `first ${TURNED_AWAY}`]);
    await leave('inside');
    expect(log.at(-1)).toBe('third');
  });

  it('turns away who has waited too long', async () => {
    const { come, leave, log } = gateOf({ patienceMs: -1 });
    for (const name of ['a', 'b']) come(name);
    await settled();
    await leave('a');
    expect(log).toEqual(['a', `b ${TURNED_AWAY}`]);
  });

  it('is as wide as before once everybody has left, also those whose work failed', async () => {
    const gate = new Gate({ width: 1, places: 1, perLane: 1 });
    for (let round = 0; round < 3; round++) {
      const failing = gate.pass('a', () => Promise.reject(new Error('failed')));
      const waiting = gate.pass('b', async () => 'done');
      await expect(failing).rejects.toThrow('failed');
      await expect(waiting).resolves.toBe('done');
    }
  });
});
