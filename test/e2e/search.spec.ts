import { schemaDrift } from '@waybill/platform/database';
import { DataSource } from 'typeorm';
import { ApiApp } from '../support/api-app';
import {
  createPerson,
  part,
  patchFile,
  publishFile,
  type FileToPublish,
  type Person,
} from '../support/files';
import type { Answer } from '../support/system/api-client';

jest.setTimeout(60_000);

let api: ApiApp;
let ops: Person;
let client: Person;

beforeAll(async () => {
  api = await ApiApp.start();
  [ops, client] = await Promise.all([createPerson(api, 'ops'), createPerson(api, 'client')]);
});
afterAll(() => api.stop());

const published = new Map<string, string>();

async function publish(name: string, given: FileToPublish = {}, owner = ops): Promise<string> {
  const { id } = await publishFile(api, owner, { ...given, name });
  published.set(id, name);
  return id;
}

function search(query: Record<string, string | number>, who: Person = ops): Promise<Answer> {
  const text = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return who.get(`/api/files/search?${text.toString()}`);
}

/** The names that a search finds, in alphabetical order. */
async function names(query: Record<string, string | number>, who?: Person): Promise<string[]> {
  const { status, body } = await search({ limit: 100, ...query }, who);
  expect(status).toBe(200);
  return body.items.map((item: { name: string }) => item.name).sort();
}

describe('what is found', () => {
  const described = 'Figures & facts of <b>spring</b>, by Zoë';
  beforeAll(async () => {
    await publish('Quarterly_Report-2026.docx', {
      attributes: { title: 'Überblick', description: described, tags: ['Finance', 'Q1 2026'] },
    });
    await publish('subreport.docx', { attributes: { title: 'Straße nach Łódź' } });
    await publish('100%_sure.docx');
    await publish('100 sure.docx');
    await publish("o'brien \\ (final).docx");
    await publish('四半期報告書.docx', { attributes: { description: '東京本社の売上' } });
    await publish('отчёт.docx');
    await publish('보고서최종.docx');
  });

  it.each<[string, string[]]>([
    ['quarterly', ['Quarterly_Report-2026.docx']],
    ['QUART', ['Quarterly_Report-2026.docx']],
    ['report', ['Quarterly_Report-2026.docx', 'subreport.docx']],
    ['re', ['Quarterly_Report-2026.docx']],
    ['report quarterly', ['Quarterly_Report-2026.docx']],
    ['report nothing', []],
    ['report-2026', ['Quarterly_Report-2026.docx']],
    ['report.docx', ['subreport.docx']],
    ['uberblick', ['Quarterly_Report-2026.docx']],
    ['ÜBERBLICK', ['Quarterly_Report-2026.docx']],
    ['Überblick', ['Quarterly_Report-2026.docx']],
    ['strasse', ['subreport.docx']],
    ['lodz', ['subreport.docx']],
    ['zoe', ['Quarterly_Report-2026.docx']],
    ['spring', ['Quarterly_Report-2026.docx']],
    ['finance', ['Quarterly_Report-2026.docx']],
    ['ürterly', []],
    ['uarterl', ['Quarterly_Report-2026.docx']],
    ['inance', []],
    ['報告', ['四半期報告書.docx']],
    ['半期報', ['四半期報告書.docx']],
    ['告報', []],
    ['売上', ['四半期報告書.docx']],
    ['ОТЧ', ['отчёт.docx']],
    ['отчет', ['отчёт.docx']],
    ['최종', ['보고서최종.docx']],
    ['%', ['100%_sure.docx']],
    ['_', ['100%_sure.docx', 'Quarterly_Report-2026.docx']],
    ['%_%', []],
    ['0%_s', ['100%_sure.docx']],
    ['0_%', []],
    ['0%_', ['100%_sure.docx']],
    ['\\', ["o'brien \\ (final).docx"]],
    ["o'brien", ["o'brien \\ (final).docx"]],
    ['(final)', ["o'brien \\ (final).docx"]],
    ["' OR 1=1 --", []],
    ['report:*', ['Quarterly_Report-2026.docx']],
    ['quart:*', []],
    ['100%', ['100 sure.docx', '100%_sure.docx']],
    ['10%', []],
    ["'", ["o'brien \\ (final).docx"]],
    ['report & !figures', []],
    ['=type:docx', []],
    ['(a+)+$', []],
  ])('q=%s', async (q, expected) => {
    expect(await names({ q })).toEqual([...expected].sort());
  });

  it.each<[string, string[]]>([
    ['eport', ['Quarterly_Report-2026.docx', 'subreport.docx']],
    ['T-2026', ['Quarterly_Report-2026.docx']],
    ['re', ['Quarterly_Report-2026.docx']],
    ['%_', ['100%_sure.docx']],
    ['報告', ['四半期報告書.docx']],
    ['Überblick', []],
  ])('name=%s', async (name, expected) => {
    expect(await names({ name })).toEqual(expected);
  });

  it('looks for the whole of a tag', async () => {
    expect(await names({ tag: 'q1 2026' })).toEqual(['Quarterly_Report-2026.docx']);
    expect(await names({ tag: 'FINANCE' })).toEqual(['Quarterly_Report-2026.docx']);
    expect(await names({ tag: 'q1' })).toEqual([]);
    expect(await names({ tag: "it's \\ a : | 'tag" })).toEqual([]);
  });

  it.each(['docx', '.DOCX', 'document'])('type=%s', async (type) => {
    expect(await names({ type, q: 'sure' })).toEqual(['100 sure.docx', '100%_sure.docx']);
  });
  it.each(['pdf', 'media', 'doc', 'video'])('type=%s finds nothing here', async (type) => {
    expect(await names({ type })).toEqual([]);
  });

  it('shows where something was found, as HTML that is safe', async () => {
    const { body } = await search({ q: 'zoe FIGURES finance uber' });
    expect(body.items).toHaveLength(1);
    expect(body.items[0].highlight).toEqual([
      { field: 'title', html: '<mark>Über</mark>blick' },
      {
        field: 'description',
        html: '<mark>Figures</mark> &amp; facts of &lt;b&gt;spring&lt;/b&gt;, by <mark>Zoë</mark>',
      },
      { field: 'tags', html: '<mark>Finance</mark>' },
    ]);
    expect(body.items[0].score).toBeGreaterThan(0);
  });

  it('finds what was changed as it is now', async () => {
    const id = await publish('changing.docx', { attributes: { title: 'before' } });
    expect((await patchFile(ops, id, { title: 'afterwards', tags: ['fresh'] })).status).toBe(200);
    expect(await names({ q: 'before' })).toEqual([]);
    expect(await names({ q: 'afterw' })).toEqual(['changing.docx']);
    expect(await names({ tag: 'fresh' })).toEqual(['changing.docx']);
    expect((await ops.delete(`/api/files/${id}`)).status).toBe(204);
    expect(await names({ q: 'afterw' })).toEqual([]);
  });

  it('puts a name that begins so before one that has it, and that before a description', async () => {
    await publish('zebra crossing.docx');
    await publish('big zebra.docx');
    await publish('other.docx', { attributes: { description: 'of a zebra' } });
    const { body } = await search({ q: 'zebra' });
    expect(body.items.map((item: { name: string }) => item.name)).toEqual([
      'zebra crossing.docx',
      'big zebra.docx',
      'other.docx',
    ]);
  });
});

describe('who finds what', () => {
  const all = ['to all.docx', 'to both.docx', 'to one.docx', 'to me.docx', 'over.docx'];
  let other: Person;
  beforeAll(async () => {
    other = await createPerson(api, 'client');
    const share = { title: 'wanderlust' };
    await publish('to all.docx', { attributes: share });
    await publish('to me.docx', { attributes: { ...share, visibility: 'private' } });
    await publish('to one.docx', {
      attributes: { ...share, visibility: 'restricted', recipients: [other.email] },
    });
    const recipients = [other.email, client.email.toUpperCase()];
    await publish('to both.docx', { attributes: { ...share, visibility: 'restricted', recipients } });
    const over = await publish('over.docx', { attributes: share });
    await api.query(`UPDATE files SET expires_at = now() - interval '1 second' WHERE id = $1`, [over]);
    const disabled = await createPerson(api, 'ops');
    await publish('disabled.docx', { attributes: share }, disabled);
    await api.query('UPDATE users SET disabled_at = now() WHERE id = $1', [disabled.userId]);
  });

  it.each(['relevance', '-createdAt', 'createdAt', 'name', '-size'])('sorted by %s', async (sort) => {
    expect(await names({ q: 'wanderlust', sort })).toEqual([...all].sort());
    expect(await names({ q: 'wanderlust', sort }, client)).toEqual(['to all.docx', 'to both.docx']);
    expect(await names({ q: 'wanderlust', sort }, other)).toEqual([
      'to all.docx',
      'to both.docx',
      'to one.docx',
    ]);
    expect(await names({ q: 'wanderlust', sort }, await createPerson(api, 'ops'))).toEqual([]);
  });

  it('shows recipients to the owner alone', async () => {
    const { body } = await search({ q: 'wanderlust', name: 'both' });
    expect(body.items[0].recipients).toHaveLength(2);
    const seen = await search({ q: 'wanderlust', name: 'both' }, client);
    expect(seen.body.items[0]).not.toHaveProperty('recipients');
  });
});

describe('what is refused', () => {
  it.each([
    ['q', 'x'.repeat(257)],
    ['q', 'x '.repeat(10_000)],
    ['q', Array.from({ length: 17 }, (_, n) => `w${n}`).join(' ')],
    ['q', 'a\0b'],
    ['name', ''],
    ['name', 'x'.repeat(257)],
    ['type', "docx' OR 1=1"],
    ['tag', 'x'.repeat(51)],
    ['uploadedFrom', 'yesterday'],
    ['uploadedTo', '2026-13-01T00:00:00Z'],
    ['minSize', '-1'],
    ['minSize', '1e20'],
    ['maxSize', 'NaN'],
    ['maxSize', '99999999999999999999'],
    ['sort', 'passwordHash'],
    ['sort', 'id;select'],
    ['limit', '0'],
    ['limit', '101'],
    ['cursor', 'eyJh'],
    ['where[role]', 'x'],
  ])('%s=%.40s', async (parameter, value) => {
    const { status, body } = await search({ [parameter]: value });
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
  });

  it('a cursor of another search', async () => {
    const { body } = await search({ q: 'wanderlust', limit: 1 });
    expect(body.nextCursor).toEqual(expect.any(String));
    expect((await search({ q: 'wanderlust', limit: 1, cursor: body.nextCursor })).status).toBe(200);
    expect((await search({ q: 'wander', limit: 1, cursor: body.nextCursor })).status).toBe(400);
    expect((await search({ q: 'wanderlust', limit: 1, cursor: body.nextCursor }, client)).status).toBe(400);
  });
});

it('says where the next page is', async () => {
  const first = await search({ q: 'wanderlust', limit: 2 });
  const link = /<([^>]+)>; rel="next"/.exec(first.headers.get('link')!)![1]!;
  const second = await ops.get(link.replace('http://waybill.test', ''));
  expect(second.status).toBe(200);
  const ids = [...first.body.items, ...second.body.items].map(({ id }: { id: string }) => id);
  expect(new Set(ids).size).toBe(4);
});

it('has a schema that is what the entities say', async () => {
  const drift = await schemaDrift(part(api, DataSource));
  expect(drift).toEqual([]);
});
