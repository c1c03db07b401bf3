import { uuidv7 } from '@waybill/core/kernel';
import { KeyCheckedStore } from '../../key-checked-store';
import type { ListedObject, ObjectStore } from '../../object-store';

export const MiB = 1024 * 1024;
/** More than any driver may keep to itself before it sends something to the store. */
export const SURELY_SENT = 20 * MiB;

export const newKey = (namespace = 'staging') => `${namespace}/${uuidv7()}/0-${uuidv7()}`;

/** A fresh, empty store, and how to take it down. */
export interface StoreUnderTest {
  store: ObjectStore;
  dispose(): Promise<void>;
}

/** A store of its own for each test, and whole objects in one call. */
export class ContractHarness {
  private subject: StoreUnderTest;
  /** The driver behind the key check, as the product has it. */
  store: ObjectStore;

  async begin(makeStore: () => Promise<StoreUnderTest>): Promise<void> {
    this.subject = await makeStore();
    this.store = new KeyCheckedStore(this.subject.store);
  }

  end(): Promise<void> {
    return this.subject.dispose();
  }

  async put(key: string, ...buffers: Buffer[]): Promise<void> {
    const writer = await this.store.create(key);
    await writer.write(buffers);
    await writer.commit();
  }

  async get(key: string): Promise<Buffer> {
    const reader = await this.store.open(key);
    try {
      const bytes = Buffer.alloc(reader.size);
      await reader.read(bytes, 0);
      return bytes;
    } finally {
      await reader.close();
    }
  }

  /** In the order of the keys. */
  async list(prefix = ''): Promise<ListedObject[]> {
    const found: ListedObject[] = [];
    for await (const object of this.store.list(prefix)) found.push(object);
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}
