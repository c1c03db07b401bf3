import { uuidv7 } from '@waybill/core/kernel';
import { basename, dirname, relative, sep } from 'node:path';
import { Layout } from './layout';

const layout = new Layout('/root-dir');

describe('Layout', () => {
  it.each([
    'staging/0190f0a0-0000-7000-8000-0000000000ab/7-0191',
    'vault/ab/0190f0a0-0000-7000-8000-0000000000ab/1',
    'a/b',
    'a/b.partial',
    `a/${'b/'.repeat(90)}b`,
  ])('finds its way back from the path of %s', (key) => {
    for (const [path, partial] of [
      [layout.object(key), false],
      [layout.partial(key), true],
    ] as const) {
      const [namespace, shard, name, ...more] = relative('/root-dir', path).split(sep);
      expect(more).toEqual([]);
      expect(layout.identify(namespace!, shard!, name!)).toEqual({ key, partial });
    }
  });

  it('keeps the object and its partial in one directory, so that a rename is atomic', () => {
    expect(dirname(layout.partial('a/b/c'))).toBe(layout.directory('a/b/c'));
    expect(dirname(layout.object('a/b/c'))).toBe(layout.directory('a/b/c'));
  });

  it('gives different keys different files', () => {
    const keys = ['a/b/c', 'a/b.c', 'a/b-c', 'a/bc', 'a/b/c/d', 'b/a/c'];
    const paths = keys.flatMap((key) => [layout.object(key), layout.partial(key)]);
    expect(new Set(paths).size).toBe(paths.length);
  });

  it('keeps names within NAME_MAX', () => {
    expect(basename(layout.partial(`a/${'b'.repeat(198)}`)).length).toBeLessThanOrEqual(255);
  });

  it('spreads keys that were made within one second over all its directories', () => {
    const counts = new Map<string, number>();
    const upload = uuidv7();
    for (let i = 0; i < 25_600; i++) {
      const directory = layout.directory(`staging/${upload}/${i}-${uuidv7()}`);
      counts.set(directory, (counts.get(directory) ?? 0) + 1);
    }
    expect(counts.size).toBe(256);
    expect(Math.max(...counts.values())).toBeLessThan(200);
  });

  it.each([
    ['a', '00', 'x', 'another directory'],
    ['a', 'zz', 'b', 'no shard'],
    ['lost+found', '00', 'b', 'no namespace'],
    ['a', 'e5', '.nfs000', 'no key'],
    ['a', 'e5', 'B', 'no key'],
    ['a', 'e5', '', 'no name'],
    ['a', 'e5', 'b~partial~partial', 'no partial'],
  ])('does not take %s/%s/%s for its own: %s', (namespace, shard, name) => {
    expect(layout.identify(namespace, shard, name)).toBeNull();
  });
});
