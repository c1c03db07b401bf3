import type { Worker, WorkerOptions } from 'node:worker_threads';
import { sha256 } from './hash';
import { Sha256Thread } from './sha256-thread';
import { randomBytes } from './tokens';

/** What was started: a thread's death cannot be caused, nor its memory seen, through the class. */
const mockStarted: { worker: Worker; memory: Uint8Array }[] = [];

jest.mock('node:worker_threads', () => {
  const actual = jest.requireActual<typeof import('node:worker_threads')>('node:worker_threads');
  class Observed extends actual.Worker {
    constructor(script: string, options: WorkerOptions) {
      super(script, options);
      mockStarted.push({ worker: this, memory: new Uint8Array(options.workerData as SharedArrayBuffer) });
    }
  }
  return { ...actual, Worker: Observed };
});

const SLOT = 512 * 1024;
const RING = 4 * SLOT;
const content = randomBytes(2 * RING + 1);

async function digestOf(chunks: Iterable<Uint8Array>): Promise<Buffer> {
  const thread = new Sha256Thread();
  try {
    for (const chunk of chunks) await thread.update(chunk);
    return await thread.digest();
  } finally {
    await thread.dispose();
  }
}

function* cut(bytes: Buffer, ...lengths: number[]): Generator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length]!;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

const sizes = [0, 1, SLOT - 1, SLOT, SLOT + 1, RING - 1, RING, RING + 1, 2 * RING + 1];

describe('Sha256Thread', () => {
  it.each(sizes)('computes the SHA-256 of %d bytes', async (size) => {
    const bytes = content.subarray(0, size);
    expect(await digestOf([bytes])).toEqual(sha256(bytes));
  });

  it.each([
    ['one by one', RING / 32 + 1, [1]],
    ['as segments are decrypted', content.length, [131_072, 131_032, 131_072, 131_056]],
    ['in pieces of all sizes, and none', content.length, [1, 0, SLOT - 1, 3, SLOT + 1, RING, 7]],
  ])('is the same for bytes that come %s', async (_how, size, lengths) => {
    const bytes = content.subarray(0, size);
    expect(await digestOf(cut(bytes, ...lengths))).toEqual(sha256(bytes));
  });

  it('lets the caller use its buffer again at once', async () => {
    const reused = function* (): Generator<Buffer> {
      const buffer = Buffer.alloc(100_000);
      for (const piece of cut(content, buffer.length)) {
        piece.copy(buffer);
        yield buffer.subarray(0, piece.length);
        buffer.fill(0xff);
      }
    };
    expect(await digestOf(reused())).toEqual(sha256(content));
  });

  it('keeps several apart that run at the same time', async () => {
    const parts = [...cut(content, SLOT + 1)];
    const digests = await Promise.all(parts.map((part) => digestOf(cut(part, 65_536))));
    expect(digests).toEqual(parts.map(sha256));
  });

  it('overwrites what it was given, and leaves no thread behind', async () => {
    const thread = new Sha256Thread();
    await thread.update(content);
    const { worker, memory } = mockStarted.at(-1)!;
    expect(memory.some((byte) => byte !== 0)).toBe(true);
    await thread.dispose();
    expect(memory.every((byte) => byte === 0)).toBe(true);
    expect(worker.threadId).toBe(-1);
  });

  it.each<[string, (thread: Sha256Thread) => Promise<unknown>]>([
    ['before the first byte', (thread) => thread.update(content)],
    ['before the digest', (thread) => thread.digest()],
  ])('rejects when its thread has died %s', async (_when, use) => {
    const thread = new Sha256Thread();
    await mockStarted.at(-1)!.worker.terminate();
    await expect(use(thread)).rejects.toThrow('The hashing thread has ended.');
    await thread.dispose();
  });

  it.each<[string, (thread: Sha256Thread) => Promise<unknown>]>([
    [
      'room',
      async (thread) => {
        for (;;) await thread.update(content);
      },
    ],
    ['the digest', (thread) => thread.digest()],
  ])('rejects when its thread dies while somebody waits for %s', async (_what, wait) => {
    const thread = new Sha256Thread();
    const waiting = expect(wait(thread)).rejects.toThrow('The hashing thread has ended.');
    await mockStarted.at(-1)!.worker.terminate();
    await waiting;
    await thread.dispose();
  });

  it('tells why its thread has died', async () => {
    const thread = new Sha256Thread();
    mockStarted.at(-1)!.worker.emit('error', new Error('no memory'));
    await expect(thread.digest()).rejects.toThrow('no memory');
    await thread.dispose();
  });

  it('ends those who wait when it is given up', async () => {
    const thread = new Sha256Thread();
    const waiting = expect(thread.digest()).rejects.toThrow('The hashing thread has ended.');
    await thread.dispose();
    await waiting;
    await thread.dispose();
  });
});
