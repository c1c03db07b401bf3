import { createPerson } from '../support/files';
import { readWhileWriting } from '../support/stale-reads';
import { startTwoInstances } from '../support/two-instances';

const MINUTE_MS = 60_000;

it('a minute of writing and reading at two instances, at random, shows nothing that is out of date', async () => {
  const instances = await startTwoInstances();
  try {
    const owner = await createPerson(instances.api, 'ops');
    const { reads, hits, stale } = await readWhileWriting(instances, owner, MINUTE_MS);
    process.stderr.write(`${reads} reads, of which the cache had ${hits}; ${stale.length} out of date\n`);
    expect(stale).toEqual([]);
    expect(hits).toBeGreaterThan(0);
  } finally {
    await instances.stop();
  }
}, 120_000);
