import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { generateDek, randomBytes, type DekContext } from '@waybill/core/crypto';
import { createKeyringFile } from './create-keyring-file';
import { FileKeyring } from './file-keyring';

const context: DekContext = { purpose: 'file', id: '0190f0a0-0000-7000-8000-0000000000ab', version: 1 };
const keyUnavailable = expect.objectContaining({ name: 'AppError', code: 'KEY_UNAVAILABLE' });
const integrityFailure = expect.objectContaining({ name: 'AppError', code: 'INTEGRITY_FAILURE' });
const createdAt = '2026-01-01T00:00:00.000Z';
const entry = (id: string, key = randomBytes(32)) => ({ id, createdAt, key: key.toString('base64') });

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill keyring '));
  path = join(directory, 'keyring.json');
});
afterEach(() => rm(directory, { recursive: true }));

/** As an operator's tool would replace it: whole, by a rename. */
async function putKeyring(document: unknown, mode = 0o600): Promise<void> {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  await writeFile(`${path}.new`, text, { mode });
  await chmod(`${path}.new`, mode);
  await rename(`${path}.new`, path);
}

describe('a key that is a secret elsewhere', () => {
  it.each(['base64', 'base64url', 'hex'] as const)('is refused as %s, and not quoted', async (form) => {
    const key = randomBytes(32);
    await putKeyring({ version: 1, primary: 'a', keys: [entry('a', key)] });
    await expect(FileKeyring.open(path, ['another secret'])).resolves.toBeInstanceOf(FileKeyring);
    const refusal = await FileKeyring.open(path, ['another secret', key.toString(form)]).catch(String);
    expect(refusal).toMatch(/keyring\.json has a key "a" that is JWT_SECRET or LINK_SECRET, too/);
    expect(refusal).not.toContain(key.toString(form));
  });
});

describe('createKeyringFile', () => {
  it('writes a keyring that only its owner can read, and leaves nothing else', async () => {
    const id = await createKeyringFile(path, new Date('2026-03-04T05:06:07Z'));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['keyring.json']);
    expect(id).toMatch(/^2026-03-04-[0-9a-f]{8}$/);
    expect(await (await FileKeyring.open(path)).primaryId()).toBe(id);
  });

  it('never overwrites, and lets one of many win', async () => {
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => createKeyringFile(path)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const before = await readFile(path);
    await expect(createKeyringFile(path)).rejects.toThrow(`${path} exists`);
    expect((await readFile(path)).equals(before)).toBe(true);
    expect(await readdir(directory)).toEqual(['keyring.json']);
  });

  it('makes another key each time', async () => {
    await createKeyringFile(path);
    await createKeyringFile(`${path}2`);
    const keyOf = async (file: string) => JSON.parse(await readFile(file, 'utf8')).keys[0].key as string;
    expect(await keyOf(path)).not.toBe(await keyOf(`${path}2`));
  });

  it('names the file that it cannot write', async () => {
    const missing = join(directory, 'missing', 'keyring.json');
    await expect(createKeyringFile(missing)).rejects.toThrow(`${missing} cannot be written`);
  });
});

describe('FileKeyring.open', () => {
  it.each([0o640, 0o604, 0o620, 0o602, 0o660, 0o644, 0o601, 0o777])('refuses mode %o', async (mode) => {
    await putKeyring({ version: 1, primary: 'a', keys: [entry('a')] }, mode);
    await expect(FileKeyring.open(path)).rejects.toThrow(`${path} can be read or written by others`);
  });

  it.each([0o600, 0o400])('takes mode %o', async (mode) => {
    await putKeyring({ version: 1, primary: 'a', keys: [entry('a')] }, mode);
    await expect(FileKeyring.open(path)).resolves.toBeInstanceOf(FileKeyring);
  });

  it('judges the file that a symbolic link leads to', async () => {
    await putKeyring({ version: 1, primary: 'a', keys: [entry('a')] }, 0o644);
    await symlink(path, `${path}.link`);
    await expect(FileKeyring.open(`${path}.link`)).rejects.toThrow('by others');
  });

  const same = randomBytes(32);
  const junk = randomBytes(32).toString('base64').replace(/^.{9}/, '$&!');
  it.each<[string, unknown, string]>([
    ['an empty file', '', 'is not JSON'],
    ['a cut file', '{"version":1,"keys":[{"id":"a","key":"MDEyMzQ1', 'is not JSON'],
    ['null', null, 'version 1'],
    ['a list', [], 'version 1'],
    ['another version', { version: 2, primary: 'a', keys: [entry('a')] }, 'version 1'],
    ['no keys', { version: 1, primary: 'a', keys: [] }, 'no keys'],
    ['keys that are no list', { version: 1, primary: 'a', keys: { a: entry('a') } }, 'no keys'],
    ['an unknown primary', { version: 1, primary: 'b', keys: [entry('a')] }, 'primary'],
    ['no primary', { version: 1, keys: [entry('a')] }, 'primary'],
    [
      'a duplicate id',
      { version: 1, primary: 'a', keys: [entry('a'), entry('a')] },
      'two keys with the id "a"',
    ],
    ['one key twice', { version: 1, primary: 'a', keys: [entry('a', same), entry('b', same)] }, 'same key'],
    ['an empty id', { version: 1, primary: '', keys: [entry('')] }, 'no usable id for key number 1'],
    ['an odd id', { version: 1, primary: 'a/b', keys: [entry('a/b')] }, 'no usable id'],
    ['a key that is null', { version: 1, primary: 'a', keys: [null] }, 'no usable id'],
    [
      'no date',
      { version: 1, primary: 'a', keys: [{ ...entry('a'), createdAt: 'soon' }] },
      'no creation date',
    ],
    ['a short key', { version: 1, primary: 'a', keys: [entry('a', randomBytes(31))] }, '32 bytes'],
    ['a long key', { version: 1, primary: 'a', keys: [entry('a', randomBytes(33))] }, '32 bytes'],
    ['a key with junk', { version: 1, primary: 'a', keys: [{ ...entry('a'), key: junk }] }, '32 bytes'],
    ['a key that is no string', { version: 1, primary: 'a', keys: [{ ...entry('a'), key: 7 }] }, '32 bytes'],
    ['a zero key', { version: 1, primary: 'a', keys: [entry('a', Buffer.alloc(32))] }, 'no random key'],
    [
      'a repeated byte',
      { version: 1, primary: 'a', keys: [entry('a', Buffer.alloc(32, 7))] },
      'no random key',
    ],
  ])('refuses %s and names the file', async (_, document, reason) => {
    await putKeyring(document);
    const error = await FileKeyring.open(path).then(
      () => null,
      (reason: Error) => reason,
    );
    expect(error?.message).toContain(`The keyring file ${path}`);
    expect(error?.message).toContain(reason);
    expect(inspect(error)).not.toContain('MDEyMzQ1');
  });

  it('names a file that is missing or a directory', async () => {
    await expect(FileKeyring.open(path)).rejects.toThrow(`${path} does not exist`);
    await mkdir(path, { mode: 0o700 });
    await expect(FileKeyring.open(path)).rejects.toThrow(`${path} is not a regular file`);
  });
});

describe('FileKeyring', () => {
  const first = entry('first');
  const second = entry('second');
  let keyring: FileKeyring;
  beforeEach(async () => {
    await putKeyring({ version: 1, primary: 'first', keys: [first] });
    keyring = await FileKeyring.open(path);
  });

  it('opens what it wrapped, for the same thing alone', async () => {
    const dek = generateDek();
    const wrapped = await keyring.wrap(dek, context);
    expect(wrapped.kekId).toBe('first');
    expect((await keyring.unwrap(wrapped, context)).equals(dek)).toBe(true);
    await expect(keyring.unwrap(wrapped, { ...context, version: 2 })).rejects.toEqual(integrityFailure);
  });

  it('tells a missing key from changed bytes', async () => {
    const { wrapped } = await keyring.wrap(generateDek(), context);
    await expect(keyring.unwrap({ kekId: 'other', wrapped }, context)).rejects.toEqual(keyUnavailable);
    wrapped[20]! ^= 1;
    await expect(keyring.unwrap({ kekId: 'first', wrapped }, context)).rejects.toEqual(integrityFailure);
  });

  it('takes up a new primary key without a restart, and still opens the old', async () => {
    const dek = generateDek();
    const old = await keyring.wrap(dek, context);
    await putKeyring({ version: 1, primary: 'second', keys: [first, second] });
    expect(await keyring.primaryId()).toBe('second');

    const fresh = await keyring.rewrap(old, context);
    expect(fresh.kekId).toBe('second');
    expect((await keyring.unwrap(fresh, context)).equals(dek)).toBe(true);
    expect((await keyring.unwrap(old, context)).equals(dek)).toBe(true);
  });

  it('looks for an unknown key in the file before it gives up', async () => {
    await putKeyring({ version: 1, primary: 'second', keys: [first, second] });
    const fresh = await (await FileKeyring.open(path)).wrap(generateDek(), context);
    await expect(keyring.unwrap(fresh, context)).resolves.toHaveLength(32);
  });

  it('stays whole when many callers meet a changed file at once', async () => {
    await putKeyring({ version: 1, primary: 'second', keys: [first, second] });
    const dek = generateDek();
    const wrapped = await Promise.all(Array.from({ length: 32 }, () => keyring.wrap(dek, context)));
    for (const one of wrapped) expect((await keyring.unwrap(one, context)).equals(dek)).toBe(true);
  });

  it('forgets a key that was taken out', async () => {
    const old = await keyring.wrap(generateDek(), context);
    await putKeyring({ version: 1, primary: 'second', keys: [second] });
    await keyring.primaryId();
    await expect(keyring.unwrap(old, context)).rejects.toEqual(keyUnavailable);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['gone', () => rm(path)],
    ['bad', () => putKeyring('{}')],
    ['readable by others', () => chmod(path, 0o644)],
  ])('wraps nothing while its file is %s, but opens what it knows', async (_, spoil) => {
    const dek = generateDek();
    const wrapped = await keyring.wrap(dek, context);
    await spoil();
    await expect(keyring.wrap(dek, context)).rejects.toEqual(keyUnavailable);
    await expect(keyring.primaryId()).rejects.toEqual(keyUnavailable);
    expect((await keyring.unwrap(wrapped, context)).equals(dek)).toBe(true);
  });

  it('shows its keys to no log', () => {
    const shown = inspect(keyring, { depth: 9, showHidden: true });
    expect(shown).not.toContain('Buffer');
    expect(JSON.stringify(keyring)).toBe('{}');
  });
});
