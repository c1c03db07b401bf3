import { assertObjectKey, assertObjectKeyPrefix } from './object-key';
import { ObjectStore } from './object-store';
import type { ExpectedRange, ListedObject, ObjectReader, ObjectStat, ObjectWriter } from './object-store';

/**
 * Stands before a driver and lets only well-formed keys through, so that no driver has a traversal of its own to fear or
 * to forget. `ObjectStores` wraps every driver in it; there is no other way to one.
 */
export class KeyCheckedStore extends ObjectStore {
  constructor(private readonly inner: ObjectStore) {
    super();
  }

  get driver(): string {
    return this.inner.driver;
  }

  async create(key: string): Promise<ObjectWriter> {
    assertObjectKey(key);
    return this.inner.create(key);
  }

  async open(key: string, expected?: ExpectedRange): Promise<ObjectReader> {
    assertObjectKey(key);
    return this.inner.open(key, expected);
  }

  async head(key: string): Promise<ObjectStat | null> {
    assertObjectKey(key);
    return this.inner.head(key);
  }

  async delete(key: string): Promise<void> {
    assertObjectKey(key);
    return this.inner.delete(key);
  }

  async *list(prefix: string): AsyncIterable<ListedObject> {
    assertObjectKeyPrefix(prefix);
    yield* this.inner.list(prefix);
  }

  generation(): Promise<number | null> {
    return this.inner.generation();
  }

  setGeneration(generation: number): Promise<void> {
    return this.inner.setGeneration(generation);
  }

  async check(): Promise<void> {
    return this.inner.check();
  }
}
