import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RememberedUploads } from './remembered-uploads';

const ID = '0199a4c2-7d0f-7a52-8e06-b1c94d27f380';
const identity = {
  who: 'http://localhost:3000 as ada@example.org',
  path: '/tmp/offer.docx',
  size: 5,
  modified: 1,
};

let state: string;
let remembered: RememberedUploads;
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'waybill-state-'));
  remembered = new RememberedUploads({ XDG_STATE_HOME: state });
});
afterEach(() => rm(state, { recursive: true, force: true }));

const directory = (): string => join(state, 'waybill/uploads');

describe('remembered uploads', () => {
  it('are found, replaced and forgotten', async () => {
    expect(await remembered.find(identity)).toBeNull();
    await remembered.keep(identity, 'f'.repeat(36));
    await remembered.keep(identity, ID);
    expect(await remembered.find(identity)).toBe(ID);
    await remembered.forget(identity);
    await remembered.forget(identity);
    expect(await remembered.find(identity)).toBeNull();
    expect(await readdir(directory())).toEqual([]);
  });

  it.each([
    ['another account', { who: 'http://localhost:3000 as grace@example.org' }],
    ['another path', { path: '/tmp/other.docx' }],
    ['another size', { size: 6 }],
    ['a changed file', { modified: 2 }],
    ['another title', { attributes: { title: 'Other' } }],
  ])('are not those of %s', async (_what, other) => {
    await remembered.keep(identity, ID);
    expect(await remembered.find({ ...identity, ...other })).toBeNull();
  });

  it('are for the eyes of their owner, and hold nothing but the id', async () => {
    await remembered.keep(identity, ID);
    const [name] = await readdir(directory());
    const { mode, size } = await stat(join(directory(), name!));
    expect([mode & 0o777, size]).toEqual([0o600, ID.length + 1]);
    expect((await stat(directory())).mode & 0o777).toBe(0o700);
  });

  it('that are damaged count as none', async () => {
    await remembered.keep(identity, ID);
    const [name] = await readdir(directory());
    await writeFile(join(directory(), name!), '../../etc/passwd');
    expect(await remembered.find(identity)).toBeNull();
  });
});
