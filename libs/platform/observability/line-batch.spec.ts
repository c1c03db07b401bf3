import { LineBatch } from './line-batch';

function record() {
  const writes: string[] = [];
  const batch = new LineBatch({
    write: (text) => void writes.push(text),
    flush: (done) => done(),
    flushSync: () => undefined,
  });
  return { batch, writes };
}

describe('batches of log lines', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('wait a moment, then go together and in order', () => {
    const { batch, writes } = record();
    batch.write('a\n');
    batch.write('b\n');
    expect(writes).toEqual([]);
    jest.advanceTimersByTime(50);
    expect(writes).toEqual(['a\nb\n']);
    jest.advanceTimersByTime(1000);
    batch.write('c\n');
    jest.advanceTimersByTime(50);
    expect(writes).toEqual(['a\nb\n', 'c\n']);
  });

  it('go at once when they are large', () => {
    const { batch, writes } = record();
    for (let index = 0; index < 100; index++) batch.write(`${'x'.repeat(99)}\n`);
    expect(writes).toHaveLength(1);
    jest.advanceTimersByTime(50);
    expect(writes.join('')).toHaveLength(10_000);
  });

  it.each(['flush', 'flushSync'] as const)('go when they are asked to: %s', (how) => {
    const { batch, writes } = record();
    batch.write('last\n');
    batch[how]();
    expect(writes).toEqual(['last\n']);
  });
});
