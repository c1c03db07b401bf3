import { readFileSync, writeFileSync } from 'node:fs';
import { LargeFilm } from '../support/large-film';
import { downloadedSha256, expectRange, uploadBrokenOnce } from '../support/resumed-film';
import { assertInvariants, TestSystem, type ApiClient, type AppProcess } from '../support/system';

jest.setTimeout(30 * 60_000);

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const RENEWED_EVERY_MS = 5 * 60_000;
const small = new LargeFilm(10 * MIB);
const giant = new LargeFilm(5 * GIB + 12_345);

let system: TestSystem;
let owner: ApiClient;
let session: NodeJS.Timeout;

beforeAll(async () => {
  system = await TestSystem.start({
    env: { UPLOAD_MEDIA_MAX_BYTES: String(6 * GIB), USER_QUOTA_BYTES: String(20 * GIB) },
  });
  const client = await system.client('ops');
  const { email, password } = client.user;
  owner = client;
  // On a slow machine all this takes longer than an access token lives.
  session = setInterval(() => void client.login(email, password), RENEWED_EVERY_MS);
}, 60_000);
afterAll(async () => {
  clearInterval(session);
  await system?.stop();
}, 60_000);

/** The most resident memory that each process had meanwhile (proc(5): VmHWM, and clear_refs, which sets it back). */
async function peaksDuring(work: () => Promise<void>): Promise<{ api: number; worker: number }> {
  const processes = { api: system.apis[0]!, worker: system.workers[0]! };
  for (const { pid } of Object.values(processes)) writeFileSync(`/proc/${pid}/clear_refs`, '5');
  await work();
  return { api: peakOf(processes.api), worker: peakOf(processes.worker) };
}

const peakOf = ({ pid }: AppProcess): number =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;

async function throughAllOf(film: LargeFilm, sha256: string): Promise<string> {
  const { fileId, resumedAt } = await uploadBrokenOnce(owner, film, Math.floor(film.size * 0.45));
  expect(resumedAt).toBeGreaterThan(0);
  expect(await downloadedSha256(owner, fileId)).toBe(sha256);
  expect((await owner.get(`/api/files/${fileId}`)).body).toMatchObject({ size: film.size, sha256 });
  return fileId;
}

describe('a file of five gigabytes', () => {
  it('U14 is resumed once, sealed, read from beyond 4 GiB, and costs no more memory than a small one', async () => {
    const digests = { small: small.sha256(), giant: giant.sha256() };
    // Twice: what is compiled and cached at the first use belongs to neither.
    await throughAllOf(small, digests.small);
    const before = await peaksDuring(async () => void (await throughAllOf(small, digests.small)));
    const after = await peaksDuring(async () => {
      const fileId = await throughAllOf(giant, digests.giant);
      await expectRange(owner, fileId, giant, 4 * GIB - 5, 4 * GIB + 5);
      await expectRange(owner, fileId, giant, 4 * GIB + 1, 4 * GIB + 1 + MIB);
      await expectRange(owner, fileId, giant, giant.size - 100, giant.size);
    });
    const grown = (['api', 'worker'] as const).map(
      (name) => `${name} ${Math.round(before[name] / MIB)} → ${Math.round(after[name] / MIB)} MiB`,
    );
    process.stderr.write(`10 MiB → 5 GiB, peak resident memory: ${grown.join(', ')}\n`);
    for (const name of ['api', 'worker'] as const) {
      expect(after[name]).toBeLessThan(400e6);
      expect(after[name] - before[name]).toBeLessThanOrEqual(40 * MIB);
    }
    await assertInvariants(system);
  });
});
