import { ContractHarness, type StoreUnderTest } from './contract/harness';
import { describeKeeping } from './contract/keeping';
import { describeReading } from './contract/reading';
import { describeWriting } from './contract/writing';

export type { StoreUnderTest } from './contract/harness';

/** What every driver owes (object-store.ts), as tests; called by the spec of each. */
export function describeObjectStore(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(`object store contract: ${name}`, () => {
    const on = new ContractHarness();
    beforeEach(() => on.begin(makeStore));
    afterEach(() => on.end());

    describeWriting(on);
    describeReading(on);
    describeKeeping(on);
  });
}
