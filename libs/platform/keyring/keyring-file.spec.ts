import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateDek, type DekContext } from '@waybill/core/crypto';
import { createKeyringFile } from './create-keyring-file';
import { FileKeyring } from './file-keyring';
import { KeyringFile } from './keyring-file';

const context: DekContext = { purpose: 'file', id: '0190f0a0-0000-7000-8000-0000000000ab', version: 1 };

let directory: string;
let path: string;
let first: string;
let file: KeyringFile;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-keyring-'));
  path = join(directory, 'keyring.json');
  first = await createKeyringFile(path);
  file = new KeyringFile(path);
});
afterEach(() => rm(directory, { recursive: true }));

describe('KeyringFile', () => {
  it('adds a key that wraps, and what the old one wrapped still opens, in a process that runs', async () => {
    const running = await FileKeyring.open(path);
    const dek = generateDek();
    const old = await running.wrap(dek, context);
    const id = await file.add({ primary: true });
    expect(await file.describe()).toMatchObject({ primary: id, keys: [{ id: first }, { id }] });
    const fresh = await running.rewrap(old, context);
    expect(fresh.kekId).toBe(id);
    expect((await running.unwrap(fresh, context)).equals(dek)).toBe(true);
    await file.remove(first);
    expect((await running.unwrap(fresh, context)).equals(dek)).toBe(true);
  });

  it('prepares a key that only opens, until it is told otherwise', async () => {
    const id = await file.add({ primary: false });
    expect((await file.describe()).primary).toBe(first);
    await file.promote(id);
    expect((await file.describe()).primary).toBe(id);
  });

  it('stays its owner’s alone, and leaves nothing beside it', async () => {
    await file.add({ primary: true });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['keyring.json']);
  });

  it('is changed where it is, not where a link to it is', async () => {
    await mkdir(join(directory, 'mounted'));
    const link = join(directory, 'mounted', 'keyring');
    await symlink(path, link);
    const id = await new KeyringFile(link).add({ primary: true });
    expect((await file.describe()).primary).toBe(id);
    expect(await readdir(join(directory, 'mounted'))).toEqual(['keyring']);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['take out the key that wraps', () => file.remove(first), /has no keys/],
    ['promote a key that is not there', () => file.promote('other'), /primary/],
    [
      'change a file that is not there',
      () => new KeyringFile(`${path}.missing`).add({ primary: true }),
      /cannot be read/,
    ],
  ])('does not %s', async (_name, change, message) => {
    const before = await readFile(path, 'utf8');
    await expect(change()).rejects.toThrow(message);
    expect(await readFile(path, 'utf8')).toBe(before);
  });
});
