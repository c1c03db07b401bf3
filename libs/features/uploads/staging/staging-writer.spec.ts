import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { generateDek, randomBytes } from '@waybill/core/crypto';
import {
  createObjectStores,
  type ObjectStore,
  type ObjectStores,
  type ObjectWriter,
} from '@waybill/platform/storage';
import fc from 'fast-check';
import type { PartRow } from '../upload.repository';
import { BufferBudget } from './buffer-budget';
import { newStagingKey } from './staging-format';
import type { SealedPart } from './staging-part';
import { StagingReader } from './staging-reader';
import { StagingWriter, type StagingLedger, type StagingWriterOptions } from './staging-writer';

const UPLOAD = '0190f0a0-0000-7000-8000-000000000001';
const PART_BYTES = 300_000;

/** Commits in memory, as strictly as the database does: by compare-and-swap on the offset. */
class MemoryLedger implements StagingLedger {
  readonly parts: PartRow[] = [];
  offset = 0;
  /** Of the objects, in the order of the parts. */
  readonly keys: string[] = [];
  /** The objects that each sign of life was given for. */
  readonly renewals: string[][] = [];
  private committed: (() => void)[] = [];
  private renewed: (() => void)[] = [];

  async register(): Promise<string> {
    this.keys.push(newStagingKey(UPLOAD));
    return this.keys.at(-1)!;
  }

  async renew(keys: string[]): Promise<void> {
    this.renewals.push(keys);
    this.renewed.splice(0).forEach((resolve) => resolve());
  }

  nextRenewal(): Promise<void> {
    return new Promise((resolve) => this.renewed.push(resolve));
  }

  async commit(part: SealedPart): Promise<void> {
    if (part.offset !== this.offset) throw new Error(`part at ${part.offset}, expected ${this.offset}`);
    this.offset += part.size;
    this.parts.push({
      offsetBytes: part.offset,
      sizeBytes: part.size,
      objectKey: part.key,
      driver: 'local',
      sealedSize: part.sealedSize,
    });
    this.committed.splice(0).forEach((resolve) => resolve());
  }

  nextCommit(): Promise<void> {
    return new Promise((resolve) => this.committed.push(resolve));
  }
}

let directory: string;
let store: ObjectStore;
let stores: ObjectStores;
let budget: BufferBudget;
let ledger: MemoryLedger;
let dek: Buffer;
let errors: unknown[];
let drained: (() => void)[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-staging-'));
  stores = createObjectStores({ type: 'LOCAL', localDir: directory });
  store = stores.default;
  budget = new BufferBudget(8 * 1024 * 1024);
  ledger = new MemoryLedger();
  dek = generateDek();
  errors = [];
  drained = [];
});

afterEach(() => rm(directory, { recursive: true, force: true }));

function writer(
  options: Partial<Pick<StagingWriterOptions, 'store' | 'ledger' | 'partBytes' | 'partMs' | 'leaseMs'>> = {},
): StagingWriter {
  return new StagingWriter({
    uploadId: UPLOAD,
    offset: 0,
    dek: Buffer.from(dek),
    store,
    ledger,
    budget,
    partBytes: PART_BYTES,
    partMs: 60_000,
    leaseMs: 60_000,
    onDrain: () => drained.splice(0).forEach((resolve) => resolve()),
    onError: (error) => {
      errors.push(error);
      drained.splice(0).forEach((resolve) => resolve());
    },
    ...options,
  });
}

/** Sends like a socket: it stops when told to, and goes on at the drain. */
async function send(target: StagingWriter, chunks: Iterable<Buffer>): Promise<void> {
  for (const chunk of chunks) {
    if (errors.length > 0) return;
    const drain = new Promise<void>((resolve) => drained.push(resolve));
    if (!target.write(chunk)) await drain;
  }
}

const finish = (target: StagingWriter): Promise<void> =>
  target.end(async (part) => {
    if (part) await ledger.commit(part);
  });

async function readBack(): Promise<Buffer> {
  const reader = new StagingReader(UPLOAD, dek, ledger.parts, stores);
  try {
    return await reader.read(0, reader.size);
  } finally {
    await reader.close();
  }
}

/** On its way to the store, or waiting for the rest of its segment. */
const held = (): number => budget.heldBytes + budget.memory.lentBytes;

async function filesLeft(): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}

async function partialsLeft(): Promise<number> {
  const entries = await readdir(directory, { recursive: true });
  return entries.filter((name) => name.endsWith('~partial')).length;
}

describe('StagingWriter', () => {
  it('makes of any chunks parts that join to the same bytes, and gives all memory back', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 200_000 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(sizes, async (lengths) => {
        ledger = new MemoryLedger();
        const chunks = lengths.map((length) => randomBytes(length));
        const target = writer();
        await send(target, chunks);
        await finish(target);
        expect(errors).toEqual([]);
        expect((await readBack()).equals(Buffer.concat(chunks))).toBe(true);
        expect(ledger.parts.every((part) => part.sizeBytes > 0 && part.sizeBytes <= PART_BYTES)).toBe(true);
        expect(held()).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('cuts one chunk that is larger than several parts', async () => {
    const whole = randomBytes(PART_BYTES * 3 + 17);
    const target = writer();
    await send(target, [whole]);
    await finish(target);
    expect(ledger.parts.map((part) => part.sizeBytes)).toEqual([PART_BYTES, PART_BYTES, PART_BYTES, 17]);
    expect((await readBack()).equals(whole)).toBe(true);
  });

  it('leaves nothing for the last commit when the bytes end with a part, or there are none', async () => {
    const exact = writer();
    await send(exact, [randomBytes(PART_BYTES)]);
    await exact.end(async (part) => expect(part).toBeNull());
    expect(ledger.offset).toBe(PART_BYTES);
    await writer().end(async (part) => expect(part).toBeNull());
  });

  it('stages no plaintext', async () => {
    const marker = Buffer.from('waybill-plaintext-marker');
    const target = writer();
    await send(target, [Buffer.concat(Array.from({ length: 2_000 }, () => marker))]);
    await finish(target);
    for (const part of ledger.parts) {
      const reader = await store.open(part.objectKey);
      const sealed = Buffer.alloc(reader.size);
      await reader.read(sealed, 0);
      await reader.close();
      expect(sealed.includes(marker)).toBe(false);
    }
  });

  it('closes a part by its age, so that little is lost with a slow sender', async () => {
    const target = writer({ partMs: 20 });
    const committed = ledger.nextCommit();
    await send(target, [Buffer.from('slow')]);
    await committed;
    expect(ledger.offset).toBe(4);
    await finish(target);
  });

  it('stops the source while the store is behind, and lets it go on afterwards', async () => {
    const gate = new Gate();
    const target = writer({ store: gated(store, gate) });
    const CHUNK = 64 * 1024;
    let taken = 0;
    const sendUntilStopped = (): void => {
      do taken += CHUNK;
      while (target.write(randomBytes(CHUNK)));
    };
    const opened = new Promise<void>((resolve) => drained.push(resolve));
    sendUntilStopped();
    expect(taken).toBeLessThanOrEqual(1024 * 1024 + CHUNK);
    await opened;
    sendUntilStopped();
    expect(taken).toBeLessThan(100 * CHUNK);
    const drain = new Promise<void>((resolve) => drained.push(resolve));
    gate.open();
    await drain;
    await finish(target);
    expect(ledger.offset).toBe(taken);
    expect(held()).toBe(0);
  });

  it('stops the source when all uploads together hold too much', async () => {
    budget.take(8 * 1024 * 1024);
    const target = writer();
    const drain = new Promise<void>((resolve) => drained.push(resolve));
    expect(target.write(Buffer.from('x'))).toBe(false);
    budget.give(8 * 1024 * 1024);
    await drain;
    await finish(target);
    expect(ledger.offset).toBe(1);
  });

  it('hands on what a stopped source has gathered, so that many small shares cannot use the budget up', async () => {
    const chunk = 100 * 1024;
    budget = new BufferBudget(10 * chunk);
    // Together they hold the budget long before one of them has gathered a batch, and no part ends or grows old.
    const many = Array.from({ length: 10 }, () => writer({ partBytes: 1 << 30 }));
    for (let round = 0; round < 10; round++) {
      for (const target of many) await send(target, [randomBytes(chunk)]);
    }
    expect(errors).toEqual([]);
    await Promise.all(many.map((target) => target.abandon()));
    expect(held()).toBe(0);
  });

  it('keeps the lease of every part that is not committed, the one that is being made durable too', async () => {
    const gate = new Gate();
    const target = writer({ store: gated(store, gate), leaseMs: 30 });
    await send(target, [randomBytes(PART_BYTES), randomBytes(10)]);
    await ledger.nextRenewal();
    await ledger.nextRenewal();
    expect(ledger.keys).toHaveLength(2);
    expect(ledger.renewals.at(-1)).toEqual(ledger.keys);
    gate.open();
    await finish(target);
    expect(ledger.offset).toBe(PART_BYTES + 10);
  });

  describe('when something fails', () => {
    const failures: [string, (good: ObjectStore) => ObjectStore][] = [
      [
        'the object cannot be created',
        (good) => overriding(good, { create: () => Promise.reject(new Error('no')) }),
      ],
      ['a write fails', (good) => withWriter(good, { write: refuse, commit: refuse })],
      ['the object cannot be made durable', (good) => withWriter(good, { commit: refuse })],
    ];

    it.each(failures)('%s: says so once, keeps no memory and no bytes', async (_name, breaking) => {
      const target = writer({ store: breaking(store) });
      await send(target, [randomBytes(PART_BYTES), randomBytes(PART_BYTES), randomBytes(10)]);
      await expect(finish(target)).rejects.toThrow('no');
      await target.abandon();
      expect(errors).toHaveLength(errors.length > 0 ? 1 : 0);
      expect(ledger.offset).toBe(0);
      expect(held()).toBe(0);
      expect(await filesLeft()).toBe(0);
    });

    it('tells what failed first, and lets go of the rest, when not even the bytes can be removed', async () => {
      const readOnly = overriding(store, {
        create: async (key) => {
          const inner = await store.create(key);
          return {
            write: (buffers) => inner.write(buffers),
            commit: refuse,
            abort: async () => {
              await inner.abort();
              await nextTurn();
              throw new Error('EROFS');
            },
          };
        },
      });
      const target = writer({ store: readOnly });
      await send(target, [randomBytes(PART_BYTES * 2 + 5)]);
      while (errors.length === 0) await nextTurn();
      // Long enough for a rejection that nobody looks at to be noticed by the process.
      for (let turn = 0; turn < 5; turn++) await nextTurn();
      await target.abandon();
      expect(errors).toEqual([new Error('no')]);
      expect(held()).toBe(0);
    });

    it('a commit that is refused ends the upload, and nothing after it is committed', async () => {
      const refusing: StagingLedger = {
        register: () => ledger.register(),
        renew: (keys) => ledger.renew(keys),
        commit: () => Promise.reject(new Error('cancelled')),
      };
      const target = writer({ ledger: refusing });
      await send(target, [randomBytes(PART_BYTES * 2 + 5)]);
      await expect(target.end(async () => undefined)).rejects.toThrow('cancelled');
      expect(errors).toHaveLength(1);
      expect(held()).toBe(0);
    });
  });

  it('whatever fails, and whenever: ends, keeps a prefix of the bytes, and lets go of all else', async () => {
    const runs = fc.record({
      lengths: fc.array(fc.integer({ min: 1, max: 400_000 }), { minLength: 1, maxLength: 10 }),
      failing: fc.nat({ max: 25 }),
      ending: fc.constantFrom('end', 'abandon'),
    });
    await fc.assert(
      fc.asyncProperty(runs, async ({ lengths, failing, ending }) => {
        ledger = new MemoryLedger();
        [errors, drained] = [[], []];
        let operations = 0;
        const mayFail = async <T>(operation: () => Promise<T>): Promise<T> => {
          if (operations++ === failing) throw new Error('planted');
          return operation();
        };
        const target = writer({
          store: overriding(store, {
            create: (key) =>
              mayFail(async () => {
                const inner = await store.create(key);
                return {
                  write: (buffers) => mayFail(() => inner.write(buffers)),
                  commit: () => mayFail(() => inner.commit()),
                  abort: () => inner.abort(),
                };
              }),
          }),
          ledger: {
            register: () => mayFail(() => ledger.register()),
            renew: (keys) => ledger.renew(keys),
            commit: (part) => mayFail(() => ledger.commit(part)),
          },
        });
        const chunks = lengths.map((length) => randomBytes(length));
        const whole = Buffer.concat(chunks);
        await send(target, chunks);
        const ended =
          ending === 'end'
            ? await finish(target).then(
                () => true,
                () => false,
              )
            : false;
        await target.abandon();
        expect(ledger.offset === whole.length || !ended).toBe(true);
        expect(errors.length).toBeLessThanOrEqual(1);
        expect((await readBack()).equals(whole.subarray(0, ledger.offset))).toBe(true);
        expect(held()).toBe(0);
        expect(await partialsLeft()).toBe(0);
      }),
      { numRuns: 80 },
    );
  }, 60_000);

  it('can be abandoned at once, half-way and after its end, and leaves no open part behind', async () => {
    const atOnce = writer();
    atOnce.write(randomBytes(1000));
    await atOnce.abandon();
    const halfWay = writer();
    await send(halfWay, [randomBytes(1000), randomBytes(1000)]);
    await halfWay.abandon();
    await halfWay.abandon();
    expect(halfWay.write(Buffer.from('late'))).toBe(false);
    expect(ledger.offset).toBe(0);
    expect(held()).toBe(0);
    expect(await filesLeft()).toBe(0);
  });
});

const refuse = (): Promise<never> => Promise.reject(new Error('no'));

class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

function gated(good: ObjectStore, gate: Gate): ObjectStore {
  return overriding(good, {
    create: async (key) => {
      const inner = await good.create(key);
      return {
        write: (buffers) => gate.opened.then(() => inner.write(buffers)),
        commit: () => gate.opened.then(() => inner.commit()),
        abort: () => inner.abort(),
      };
    },
  });
}

function withWriter(good: ObjectStore, broken: Partial<ObjectWriter>): ObjectStore {
  return overriding(good, {
    create: async (key) => {
      const inner = await good.create(key);
      return {
        write: (buffers) => inner.write(buffers),
        commit: () => inner.commit(),
        abort: () => inner.abort(),
        ...broken,
      };
    },
  });
}

function overriding(good: ObjectStore, methods: Partial<ObjectStore>): ObjectStore {
  return new Proxy(good, {
    get: (target, name: keyof ObjectStore) =>
      methods[name] ?? (target[name] as unknown as CallableFunction).bind?.(target),
  });
}
