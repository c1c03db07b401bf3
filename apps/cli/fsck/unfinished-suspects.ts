import type { ListedObject, ObjectStore } from '@waybill/platform/storage';
import type { FsckContext } from './context';

/** How many suspects are kept before they are looked for again; each round costs a listing. */
const ROUND = 10_000;

/**
 * Unfinished writes without a row that allows for them. Most were committed or swept between the listing and the look
 * at their row. A store tells of unfinished writes by listing alone, so they are collected and looked for together.
 */
export class UnfinishedSuspects {
  /** By key: the state of the row, null where there was none. */
  private suspects = new Map<string, string | null>();

  constructor(
    private readonly context: FsckContext,
    private readonly store: ObjectStore,
  ) {}

  async add(entry: ListedObject, state: string | null): Promise<void> {
    this.suspects.set(entry.key, state);
    if (this.suspects.size >= ROUND) await this.settle();
  }

  /** Reports those that are still there, unfinished, after their row was seen not to allow it. */
  async settle(): Promise<void> {
    const suspects = this.suspects;
    this.suspects = new Map();
    const namespaces = new Set([...suspects.keys()].map((key) => key.slice(0, key.indexOf('/') + 1)));
    for (const namespace of namespaces) {
      for await (const entry of this.store.list(namespace)) {
        if (entry.partial && suspects.has(entry.key)) this.reportOrphan(entry, suspects.get(entry.key)!);
      }
    }
  }

  private reportOrphan({ key, size }: ListedObject, state: string | null): void {
    const { driver } = this.store;
    if (state === null) {
      const detail = `an unfinished write of ${size} bytes in the ${driver} store that no row tells of`;
      this.context.report(
        { code: 'ORPHAN_PARTIAL', subject: key, detail },
        { kind: 'bury', key, driver, size },
      );
      return;
    }
    const detail = `an unfinished write of ${size} bytes beside an object that is ${state}`;
    this.context.report({ code: 'ORPHAN_PARTIAL', subject: key, detail });
  }
}
