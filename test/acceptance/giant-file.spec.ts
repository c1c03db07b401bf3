import { LargeFilm } from '../support/large-film';
import { downloadedSha256, expectRange, uploadBrokenOnce } from '../support/resumed-film';
import { assertInvariants, TestSystem, type ApiClient } from '../support/system';

jest.setTimeout(60_000);

const MIB = 1024 * 1024;
/** More than several parts, and what is hashed in a thread of its own while it is sealed. */
const film = new LargeFilm(96 * MIB + 12_345);

let system: TestSystem;
let owner: ApiClient;

beforeAll(async () => {
  system = await TestSystem.start();
  owner = await system.client('ops');
}, 60_000);
afterAll(async () => {
  await system?.stop();
}, 30_000);

// The five gigabytes themselves: giant-file.slow.spec.ts.
describe('a file of many parts', () => {
  it('U14 is resumed once, sealed, and read from anywhere', async () => {
    const { fileId, resumedAt } = await uploadBrokenOnce(owner, film, 50 * MIB + 1);
    expect(resumedAt).toBeGreaterThan(0);
    expect(resumedAt).toBeLessThanOrEqual(50 * MIB + 1);
    const sha256 = film.sha256();
    expect((await owner.get(`/api/files/${fileId}`)).body.sha256).toBe(sha256);
    expect(await downloadedSha256(owner, fileId)).toBe(sha256);
    await expectRange(owner, fileId, film, 64 * MIB - 5, 64 * MIB + 5);
    await expectRange(owner, fileId, film, film.size - 100, film.size);
    await assertInvariants(system);
  });
});
