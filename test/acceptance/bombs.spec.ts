import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BOMBS } from '../fixtures/documents';
import { assertInvariants, TestSystem, type ApiClient, type AppProcess } from '../support/system';

jest.setTimeout(60_000);

const MAX_GROWTH = 300 * 1024 * 1024;
/** Of the processor, which is as long as it takes on a machine that does nothing else. */
const MAX_SECONDS = 5;
const TICKS_PER_SECOND = 100; // USER_HZ of every Linux

let system: TestSystem;
let temporary: string;
let ops: ApiClient;
let other: ApiClient;
let atRest: number;

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'waybill-bombs-'));
  system = await TestSystem.start({ env: { UPLOAD_DOCUMENT_TYPES: 'docx,zip', TMPDIR: temporary } });
  ops = await system.client('ops');
  other = await system.client('client');
  atRest = system.apis[0]!.memory().current;
}, 60_000);
afterAll(async () => {
  await system?.stop();
  await rm(temporary, { recursive: true, force: true });
}, 30_000);

/** What the processor has spent on the process, in seconds (proc(5): utime and stime). */
function processorSeconds({ pid }: AppProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Asks for something else, over and over, until the other thing is done; answers the states. */
async function askMeanwhile(busy: Promise<unknown>): Promise<number[]> {
  const statuses: number[] = [];
  let over = false;
  void busy.finally(() => (over = true)).catch(() => undefined);
  do statuses.push((await other.get('/api/files')).status);
  while (!over);
  return statuses;
}

describe('a bomb', () => {
  it.each(BOMBS)(
    'U17 $title, is refused for little, and others are served meanwhile',
    async ({ fileName, make }) => {
      const api = system.apis[0]!;
      const bytes = make();
      const before = processorSeconds(api);
      const uploadId = randomUUID();
      const began = performance.now();
      const upload = ops.upload(bytes, { name: fileName, type: 'application/octet-stream', uploadId });
      const statuses = await askMeanwhile(upload);
      const answer = await upload;

      expect([413, 415]).toContain(answer.status);
      expect(['FILE_TOO_LARGE', 'CONTENT_MISMATCH']).toContain(answer.body.code);
      expect(new Set(statuses)).toEqual(new Set([200]));
      // Two answers a second at the least: nothing held the process up for long.
      expect(statuses.length).toBeGreaterThan((2 * (performance.now() - began)) / 1000);
      expect(processorSeconds(api) - before).toBeLessThan(MAX_SECONDS);
      expect(api.memory().peak - atRest).toBeLessThan(MAX_GROWTH);
      expect(await readdir(temporary)).toEqual([]);
      const [row] = await system.query('SELECT status, failure_code FROM uploads WHERE id = $1', [uploadId]);
      expect(row).toEqual({ status: 'failed', failure_code: answer.body.code });
    },
  );

  it('U17 leaves nothing: no file, no bytes, nothing unpacked', async () => {
    expect(await system.query('SELECT 1 FROM files')).toEqual([]);
    await system.waitUntilSwept();
    expect(await system.storedFiles()).toEqual([]);
    await assertInvariants(system);
  });
});
