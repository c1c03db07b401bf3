import type { Role } from '@waybill/core/kernel';
import { assertObtainable, assertSound, permits, type Granted, type Reader } from './file.policy';

const NOW = new Date('2026-06-01T12:00:00Z');
const before = new Date(NOW.getTime() - 1);
const after = new Date(NOW.getTime() + 1);

function person(role: Role, userId: string, emailVerified = true): Reader {
  return { userId, role, email: `${userId}@example.org`, emailVerified };
}

const owner = person('ops', 'owner');
const PEOPLE: Record<string, Reader> = {
  owner,
  'the owner as an admin': person('admin', 'owner'),
  'the owner, demoted': person('client', 'owner'),
  'other ops': person('ops', 'other'),
  'another admin': person('admin', 'other'),
  client: person('client', 'client'),
  'unverified client': person('client', 'client', false),
};

function file(over: Partial<Granted> = {}): Granted {
  return {
    ownerId: 'owner',
    ownerActive: true,
    visibility: 'clients',
    recipients: [],
    status: 'available',
    expiresAt: null,
    maxDownloads: null,
    downloadCount: 0,
    deletedAt: null,
    ...over,
  };
}

const OWNERS = ['owner', 'the owner as an admin'];
const CLIENTS = ['the owner, demoted', 'client'];

describe('who may read a file', () => {
  it.each<[string, Partial<Granted>, string[]]>([
    ['for clients', {}, [...OWNERS, ...CLIENTS]],
    ['private', { visibility: 'private' }, OWNERS],
    ['for recipients that nobody named yet', { visibility: 'restricted' }, OWNERS],
    [
      'for a client',
      { visibility: 'restricted', recipients: ['x@example.org', 'Client@Example.ORG'] },
      [...OWNERS, 'client'],
    ],
    [
      'for others',
      { visibility: 'restricted', recipients: ['lient@example.org', 'client@example.or'] },
      OWNERS,
    ],
    ['for ops, who receive nothing', { visibility: 'restricted', recipients: ['other@example.org'] }, OWNERS],
    [
      'private, whoever was a recipient',
      { visibility: 'private', recipients: ['client@example.org'] },
      OWNERS,
    ],
    [
      'for a client, of a disabled account',
      { visibility: 'restricted', recipients: ['client@example.org'], ownerActive: false },
      OWNERS,
    ],
    [
      'for a client, deleted',
      { visibility: 'restricted', recipients: ['client@example.org'], deletedAt: before },
      [],
    ],
    [
      'for a client, ended by its time',
      { visibility: 'restricted', recipients: ['client@example.org'], expiresAt: before, deletedAt: before },
      [...OWNERS, 'client'],
    ],
    ['of a disabled account', { ownerActive: false }, OWNERS],
    ['expired: they are told so', { expiresAt: before }, [...OWNERS, ...CLIENTS]],
    ['ended by its time', { expiresAt: before, deletedAt: before }, [...OWNERS, ...CLIENTS]],
    ['deleted', { deletedAt: before }, []],
    ['deleted before its time', { expiresAt: after, deletedAt: before }, []],
    ['damaged', { status: 'corrupt' }, [...OWNERS, ...CLIENTS]],
  ])('%s', (_, over, allowed) => {
    const found = Object.keys(PEOPLE).filter((name) => permits(PEOPLE[name]!, 'read', file(over)));
    expect(found).toEqual(Object.keys(PEOPLE).filter((name) => allowed.includes(name)));
  });
});

it('only an owner may manage a file', () => {
  expect(Object.keys(PEOPLE).filter((name) => permits(PEOPLE[name]!, 'manage', file()))).toEqual(OWNERS);
});

describe('whether bytes may be had', () => {
  const client = PEOPLE['client']!;
  it.each<[string, Partial<Granted>, Reader, string | null]>([
    ['without limits', {}, client, null],
    ['until it expires', { expiresAt: after }, client, null],
    ['not from the very moment on', { expiresAt: NOW }, client, 'GONE'],
    ['nor by its owner', { expiresAt: before }, owner, 'GONE'],
    ['below the limit', { maxDownloads: 2, downloadCount: 1 }, client, null],
    ['not at the limit', { maxDownloads: 2, downloadCount: 2 }, client, 'GONE'],
    ['not above a limit that was lowered', { maxDownloads: 1, downloadCount: 2 }, client, 'GONE'],
    ['by the owner, who does not count', { maxDownloads: 1, downloadCount: 1 }, owner, null],
  ])('%s', (_, over, reader, code) => {
    const ask = (): void => assertObtainable(file(over), reader, NOW);
    if (code === null) expect(ask).not.toThrow();
    else expect(ask).toThrow(expect.objectContaining({ code }));
  });

  it('not once they are known to be damaged', () => {
    expect(() => assertSound({ status: 'corrupt' })).toThrow(
      expect.objectContaining({ code: 'INTEGRITY_FAILURE' }),
    );
    expect(() => assertSound({ status: 'available' })).not.toThrow();
  });
});
