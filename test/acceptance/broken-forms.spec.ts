import { randomUUID } from 'node:crypto';
import { largeDocument } from '../fixtures/documents';
import { BROKEN_FORMS, DOCUMENT, FORM, FORM_LIMIT, type Refusal } from '../support/raw/broken-forms';
import { BOUNDARY, field, filePart, form, RawConnection, uploadHead } from '../support/raw';
import { assertInvariants, TestSystem, waitFor, type ApiClient } from '../support/system';

jest.setTimeout(60_000);

const file = filePart(DOCUMENT);

let system: TestSystem;
let ops: ApiClient;

beforeAll(async () => {
  system = await TestSystem.start({
    env: { UPLOAD_IDLE_SECONDS: '2', UPLOAD_DOCUMENT_MAX_BYTES: String(FORM_LIMIT) },
  });
  ops = await system.client('ops');
}, 60_000);
afterAll(() => system?.stop(), 30_000);

/** The client's side of one upload: what it sends is up to the attack. */
class Sender {
  readonly uploadId = randomUUID();

  constructor(readonly connection: RawConnection) {}

  head(length: number | null, extra: [string, string][] = []): Promise<void> {
    return this.connection.send(uploadHead({ length, token: ops.token, uploadId: this.uploadId, extra }));
  }

  send(bytes: string | Buffer): Promise<void> {
    return this.connection.send(bytes);
  }

  /** A body with its true length. */
  async form(body: Buffer, extra: [string, string][] = []): Promise<void> {
    await this.head(body.length, extra);
    await this.send(body);
  }

  /** Waits until the upload has begun: its file is on its way. */
  begun(): Promise<unknown> {
    return waitFor('the upload to begin', async () => (await rowOf(this.uploadId)) ?? null);
  }
}

async function rowOf(id: string): Promise<{ status: string; failure_code: string | null } | undefined> {
  const [row] = await system.query('SELECT status, failure_code FROM uploads WHERE id = $1', [id]);
  return row;
}

/** A code that the API answers with; `no HTTP` is Node's own 400, `nothing` a connection that just ends. */
type Outcome = Refusal | 'no HTTP' | 'nothing';
type Attack = [title: string, outcome: Outcome, send: (to: Sender) => Promise<void>];

const STATUS: Record<Outcome, number | null> = {
  MALFORMED_BODY: 400,
  VALIDATION_FAILED: 400,
  FILE_TOO_LARGE: 413,
  'no HTTP': 400,
  nothing: null,
};

/** What such an upload fails with, if it had begun, where that is not what was answered. */
const FAILURES: Partial<Record<Outcome, string[]>> = {
  'no HTTP': ['INTERRUPTED', 'MALFORMED_BODY'],
  nothing: ['INTERRUPTED'],
};

const chunk = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
const CHUNKED: [string, string] = ['Transfer-Encoding', 'chunked'];
const half = FORM.subarray(0, FORM.length / 2);

/** What breaks between the bytes: lengths, chunks, connections. */
const BROKEN_TRANSFERS: Attack[] = [
  [
    'a body that ends before its length',
    'no HTTP',
    async (to) => {
      await to.head(FORM.length + 1000);
      await to.send(FORM);
      await to.begun();
      to.connection.end();
    },
  ],
  [
    'a body that ends in the middle of the file',
    'no HTTP',
    async (to) => {
      await to.head(FORM.length);
      await to.send(half);
      await to.begun();
      to.connection.end();
    },
  ],
  [
    'a connection that is reset in the middle of the file',
    'nothing',
    async (to) => {
      await to.head(FORM.length);
      await to.send(half);
      await to.begun();
      to.connection.reset();
    },
  ],
  [
    'a connection that is reset before the file',
    'nothing',
    async (to) => {
      await to.head(FORM.length);
      await to.send(FORM.subarray(0, 60));
      to.connection.reset();
    },
  ],
  [
    'a sender that falls silent in the file',
    'nothing',
    async (to) => {
      await to.head(FORM.length);
      await to.send(half);
    },
  ],
  [
    'a sender that says nothing at all',
    'nothing',
    async (to) => {
      await to.head(FORM.length);
    },
  ],
  [
    'a body longer than its length',
    'no HTTP',
    async (to) => {
      await to.head(FORM.length - 100);
      await to.send(FORM);
    },
  ],
  [
    'Content-Length and Transfer-Encoding',
    'no HTTP',
    async (to) => {
      await to.head(FORM.length, [CHUNKED]);
      await to.send(FORM);
    },
  ],
  [
    'Transfer-Encoding twice',
    'no HTTP',
    async (to) => {
      await to.head(null, [['Transfer-Encoding', 'chunked, identity']]);
      await to.send(chunk(FORM));
    },
  ],
  [
    'a Transfer-Encoding in disguise',
    'no HTTP',
    async (to) => {
      await to.head(FORM.length, [['Transfer-Encoding', 'xchunked']]);
      await to.send(FORM);
    },
  ],
  ['two lengths', 'no HTTP', (to) => to.form(FORM, [['Content-Length', '5']])],
  [
    'a length with a sign',
    'no HTTP',
    async (to) => {
      await to.head(null, [['Content-Length', `+${FORM.length}`]]);
      await to.send(FORM);
    },
  ],
  ...[
    ['is no number', 'zz\r\n'],
    ['is negative', '-5\r\n'],
    ['is beyond all bounds', 'fffffffffffffffff\r\n'],
    ['is not ended as it says', `5\r\n${'a'.repeat(20)}\r\n`],
  ].map(([title, bad]): Attack => [
    `a chunk whose size ${title}`,
    'no HTTP',
    async (to) => {
      await to.head(null, [CHUNKED]);
      await to.send(chunk(half));
      await to.begun();
      await to.send(bad!);
    },
  ]),
  [
    'chunks without their last',
    'no HTTP',
    async (to) => {
      await to.head(null, [CHUNKED]);
      await to.send(chunk(FORM));
      await to.begun();
      to.connection.end();
    },
  ],
  [
    'chunks beyond the limit',
    'FILE_TOO_LARGE',
    async (to) => {
      await to.head(null, [CHUNKED]);
      await to.send(chunk(form(filePart(Buffer.alloc(FORM_LIMIT * 2)))));
      await to.send('0\r\n\r\n');
    },
  ],
  [
    'an announced length beyond the limit',
    'FILE_TOO_LARGE',
    async (to) => {
      await to.head(FORM_LIMIT * 1000);
      await to.send(half);
    },
  ],
  [
    'a compressed body',
    'MALFORMED_BODY',
    (to) => to.form(Buffer.from('1f8b0800', 'hex'), [['Content-Encoding', 'gzip']]),
  ],
];

const ATTACKS: Attack[] = [
  ...BROKEN_TRANSFERS,
  ...BROKEN_FORMS.map(([title, outcome, body]): Attack => [
    `a form with ${title}`,
    outcome,
    (to) => to.form(body),
  ]),
];

describe('an upload by', () => {
  it.each(ATTACKS)('U09 %s is answered with %s, and comes to nothing', async (_title, outcome, send) => {
    const to = new Sender(await RawConnection.open(system.url));
    await send(to);
    const answer = await to.connection.answer();
    expect(answer?.status ?? null).toBe(STATUS[outcome]);
    if (answer !== null && outcome !== 'no HTTP') expect(answer.json().code).toBe(outcome);
    to.connection.reset();

    const row = await settled(to.uploadId);
    if (row !== undefined) {
      expect(row.status).toBe('failed');
      expect(FAILURES[outcome] ?? [outcome]).toContain(row.failure_code);
    }
    expect(await system.query('SELECT 1 FROM files')).toEqual([]);
  });

  it.each([
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary=""',
    `multipart/form-data; boundary=${'b'.repeat(71)}`,
    'multipart/form-data; boundary="a b "',
    'multipart/form-data; boundary=a; boundary=b',
    'multipart/form-data, multipart/form-data; boundary=a',
    'multipart/mixed; boundary=a',
    'multipart/form-data; boundary=a\\r\\nb',
    'multipart/form-data; boundary=ü',
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain',
  ])('U09 Content-Type: %s is refused', async (type) => {
    const connection = await RawConnection.open(system.url);
    const lines = uploadHead({ length: FORM.length, token: ops.token }).replace(
      /(?<=Content-Type: ).*/,
      type,
    );
    await connection.send(lines);
    await connection.send(FORM);
    const answer = await connection.answer();
    expect([400, 415]).toContain(answer?.status);
    connection.reset();
  });
});

/** The upload's row when nothing goes on any more; undefined where there never was one. */
async function settled(id: string): Promise<{ status: string; failure_code: string | null } | undefined> {
  const row = await waitFor(
    `upload ${id} to end`,
    async () => {
      const found = await rowOf(id);
      return found?.status === 'uploading' || found?.status === 'received' ? null : (found ?? 'none');
    },
    { timeoutMs: 10_000 },
  );
  return row === 'none' ? undefined : row;
}

describe('a connection on which an upload was refused', () => {
  const probe = 'GET /api/health/live HTTP/1.1\r\nHost: waybill.test\r\n\r\n';

  it('U09 goes on with the next request when the body was read', async () => {
    const to = new Sender(await RawConnection.open(system.url));
    const body = form(field('title', 'x'));
    await to.form(body);
    await to.send(probe);
    expect((await to.connection.answer())!.status).toBe(400);
    expect((await to.connection.answer())!.status).toBe(200);
    to.connection.end();
  });

  it('U09 ends when it was not, and no request is read out of the rest of the body', async () => {
    const to = new Sender(await RawConnection.open(system.url));
    const smuggled = form(
      filePart(DOCUMENT, { name: 'document' }),
      field('title', `\r\n\r\n${probe}${probe}`),
    );
    await to.form(Buffer.concat([smuggled, Buffer.alloc(FORM_LIMIT / 4, probe)]));
    const answer = await to.connection.answer();
    expect([answer!.status, answer!.all('Connection')]).toEqual([400, ['close']]);
    expect(await to.connection.answer()).toBeNull();
  });
});

describe('meanwhile and afterwards', () => {
  it('U09 honest uploads of the same shapes are taken', async () => {
    const boundaryLike = Buffer.from(`\r\n--${BOUNDARY.slice(0, -1)}\r\n--${BOUNDARY.slice(0, -2)}--\r\n`);
    const honest = [
      form(field('title', 'a'), file, field('tags', 'a,b'), field('tags', 'c')),
      Buffer.concat([form(file), boundaryLike.subarray(0, 20)]),
    ];
    for (const body of honest) {
      const to = new Sender(await RawConnection.open(system.url));
      await to.form(body);
      expect((await to.connection.answer())!.status).toBe(201);
      to.connection.end();
      await ops.waitForStatus(to.uploadId, 'completed');
    }
  });

  it('U09 in chunks of one byte, the same file arrives', async () => {
    const small = form(filePart(Buffer.concat([...largeDocument(8 * 1024)])));
    const to = new Sender(await RawConnection.open(system.url));
    await to.head(null, [CHUNKED]);
    await to.send(
      Buffer.concat([...[...small].map((byte) => chunk(Buffer.of(byte))), Buffer.from('0\r\n\r\n')]),
    );
    expect((await to.connection.answer())!.status).toBe(201);
    to.connection.end();
    await ops.waitForStatus(to.uploadId, 'completed');
  });

  it('U09 nothing is left open, running or lying about', async () => {
    await waitFor('no upload to be open', async () => {
      const open = await system.query(`SELECT 1 FROM uploads WHERE status = 'uploading'`);
      return open.length === 0;
    });
    await system.waitUntilSwept();
    await assertInvariants(system);
  });
});
