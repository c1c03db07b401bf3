import {
  ObjectStore,
  type ListedObject,
  type ObjectReader,
  type ObjectStat,
  type ObjectWriter,
} from '@waybill/platform/storage';

export interface Hooks {
  /** Before an object is opened. */
  opening?: (key: string) => Promise<void>;
  /** After an entry was listed, and before it is handed on. */
  listed?: (entry: ListedObject) => Promise<void>;
}

/** A store in which something else happens at the worst moment. Each hook runs as often as its moment comes. */
export class HookedStore extends ObjectStore {
  readonly driver: string;

  constructor(
    private readonly inner: ObjectStore,
    private readonly hooks: Hooks,
  ) {
    super();
    this.driver = inner.driver;
  }

  create(key: string): Promise<ObjectWriter> {
    return this.inner.create(key);
  }

  async open(key: string): Promise<ObjectReader> {
    await this.hooks.opening?.(key);
    return this.inner.open(key);
  }

  head(key: string): Promise<ObjectStat | null> {
    return this.inner.head(key);
  }

  delete(key: string): Promise<void> {
    return this.inner.delete(key);
  }

  async *list(prefix: string): AsyncIterable<ListedObject> {
    for await (const entry of this.inner.list(prefix)) {
      await this.hooks.listed?.(entry);
      yield entry;
    }
  }

  generation(): Promise<number | null> {
    return this.inner.generation();
  }

  setGeneration(generation: number): Promise<void> {
    return this.inner.setGeneration(generation);
  }

  check(): Promise<void> {
    return this.inner.check();
  }
}
