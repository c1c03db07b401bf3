import { AppError } from '@waybill/core/kernel';
import { KeyCheckedStore } from './key-checked-store';
import type { ObjectStore } from './object-store';

/**
 * The stores of this installation. New objects go to the default; an object is read and deleted where it was written,
 * because its row records the driver: a changed setting loses nothing, and stores can be emptied one into the other.
 */
export class ObjectStores {
  /** Where new objects go. */
  readonly default: ObjectStore;
  private readonly byDriver: ReadonlyMap<string, ObjectStore>;

  constructor(standard: ObjectStore, ...others: ObjectStore[]) {
    const checked = [standard, ...others].map((store) => new KeyCheckedStore(store));
    this.default = checked[0]!;
    this.byDriver = new Map(checked.map((store) => [store.driver, store]));
    if (this.byDriver.size !== checked.length) throw new TypeError('Two object stores of one driver name.');
  }

  /**
   * The store that an object's row names.
   * @throws AppError DEPENDENCY_UNAVAILABLE when this installation has no such store (any more)
   */
  of(driver: string): ObjectStore {
    const store = this.byDriver.get(driver);
    if (!store) throw new AppError('DEPENDENCY_UNAVAILABLE', 'The object store is not configured here.');
    return store;
  }
}
