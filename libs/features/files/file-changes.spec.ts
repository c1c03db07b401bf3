import type { AppError } from '@waybill/core/kernel';
import { changedProperties, readFileChanges, recipientsAfter } from './file-changes';
import type { FileChangesRequest } from './file-changes.dto';
import type { Changeable } from './file.repository';

const NOW = new Date('2026-06-01T12:00:00Z');

function errorsOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    const { code, errors } = error as AppError;
    expect(code).toBe('VALIDATION_FAILED');
    return errors!.map(({ pointer }) => pointer);
  }
  return [];
}

describe('the changes of a file', () => {
  it.each<[FileChangesRequest, object]>([
    [{}, {}],
    [{ title: 'T' }, { title: 'T' }],
    [{ title: ' as it is ' }, { title: ' as it is ' }],
    [{ title: '  ' }, { title: null }],
    [
      { title: null, description: null, tags: null, recipients: null, expiresAt: null, maxDownloads: null },
      { title: null, description: null, tags: [], recipients: [], expiresAt: null, maxDownloads: null },
    ],
    [{ expiresInSeconds: null }, { expiresAt: null }],
    [{ tags: [' b', 'a', '', 'b'] }, { tags: ['b', 'a'] }],
    [{ recipients: ['Ada@B.c', 'x@y.z', 'ada@b.C'] }, { recipients: ['Ada@B.c', 'x@y.z'] }],
    [{ expiresAt: '2026-06-01T14:00:01+02:00' }, { expiresAt: new Date('2026-06-01T12:00:01Z') }],
    [{ expiresInSeconds: 1 }, { expiresAt: new Date('2026-06-01T12:00:01Z') }],
  ])('are read from %j', (body, changes) => expect(readFileChanges(body, NOW)).toEqual(changes));

  it.each<[FileChangesRequest, string[]]>([
    [{ expiresAt: '2026-06-01T12:00:00Z' }, ['/expiresAt']],
    [{ expiresAt: 'tomorrow' }, ['/expiresAt']],
    [{ expiresAt: '2026-06-02T00:00:00Z', expiresInSeconds: 60 }, ['/expiresInSeconds']],
    [{ expiresAt: null, expiresInSeconds: 60 }, ['/expiresInSeconds']],
    [{ expiresInSeconds: 1e15 }, ['/expiresInSeconds']],
    [{ tags: Array.from({ length: 21 }, (_, i) => `t${i}`) }, ['/tags']],
    [{ recipients: Array.from({ length: 101 }, (_, i) => `a${i}@b.c`) }, ['/recipients']],
    [{ expiresAt: 'x', tags: Array.from({ length: 21 }, (_, i) => `t${i}`) }, ['/tags', '/expiresAt']],
  ])('are refused in %j', (body, pointers) =>
    expect(errorsOf(() => readFileChanges(body, NOW))).toEqual(pointers),
  );

  it('are named where they make something other than it is', () => {
    const before: Changeable = {
      title: 'T',
      description: null,
      tags: ['a', 'b'],
      visibility: 'clients',
      expiresAt: NOW,
      maxDownloads: 3,
    };
    expect(changedProperties(before, { ...before, expiresAt: new Date(NOW), tags: ['a', 'b'] })).toEqual([]);
    expect(changedProperties(before, {})).toEqual([]);
    expect(changedProperties(before, { title: null, tags: ['b', 'a'], expiresAt: null })).toEqual([
      'title',
      'tags',
      'expiresAt',
    ]);
  });
});

describe('recipients', () => {
  it.each([
    ['stay with a restricted file', {}, 'restricted', undefined],
    ['are those that were named', { recipients: ['a@b.c'] }, 'restricted', ['a@b.c']],
    ['come with the restriction', { recipients: ['a@b.c'], visibility: 'restricted' }, 'clients', ['a@b.c']],
    ['go with the restriction', { visibility: 'private' }, 'restricted', []],
    ['are nobody of another file', { recipients: [] }, 'clients', []],
  ] as const)('%s', (_, changes, before, after) =>
    expect(recipientsAfter({ ...changes } as never, before)).toEqual(after),
  );

  it.each([
    [{ recipients: ['a@b.c'] }, 'clients'],
    [{ recipients: ['a@b.c'] }, 'private'],
    [{ recipients: ['a@b.c'], visibility: 'private' }, 'restricted'],
  ] as const)('are refused where they mean nothing: %j of a file that is %s', (changes, before) =>
    expect(errorsOf(() => recipientsAfter({ ...changes } as never, before))).toEqual(['/recipients']),
  );
});
