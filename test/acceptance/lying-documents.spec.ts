import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { genuine, LYING_TYPES, macroDocument } from '../fixtures/documents';
import { assertInvariants, TestSystem, type ApiClient, type Answer, waitFor } from '../support/system';

jest.setTimeout(60_000);

const TYPES = 'pptx,docx,xlsx,odt,ods,odp,pdf,csv,txt,zip,png,jpg,jpeg,webp,heic,mp4,mov,webm,mkv';
const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
const REPORT = genuine('report.docx');

let system: TestSystem;
let ops: ApiClient;
let redis: Redis;

beforeAll(async () => {
  // No worker: a job that was made for a refused file would stay to be seen.
  system = await TestSystem.start({ workers: 0, env: { UPLOAD_DOCUMENT_TYPES: TYPES } });
  ops = await system.client('ops');
  redis = new Redis(system.env.REDIS_URL!);
}, 60_000);
afterAll(async () => {
  redis?.disconnect();
  await system?.stop();
}, 30_000);

/** A file that is refused for its content leaves an upload that says so; one that is refused for its name, nothing. */
async function expectRefused(answer: Answer, uploadId: string, code: string): Promise<void> {
  expect([answer.status, answer.body.code]).toEqual([415, code]);
  expect(answer.body.detail.length).toBeGreaterThan(10);
  const [left] = await system.query(
    `SELECT (SELECT count(*)::int FROM files) AS files, (SELECT count(*)::int FROM upload_parts) AS parts,
            (SELECT count(*)::int FROM objects WHERE state <> 'dead') AS objects,
            (SELECT coalesce(sum(used_bytes), 0)::int FROM storage_usage) AS bytes`,
  );
  expect(left).toEqual({ files: 0, parts: 0, objects: 0, bytes: 0 });
  const uploads = await system.query('SELECT status, failure_code FROM uploads WHERE id = $1', [uploadId]);
  expect([[], [{ status: 'failed', failure_code: code }]]).toContainEqual(uploads);
  expect(await uploadsToSeal()).toEqual([]);
}

/** The uploads that jobs name, one or several each. The queue's own keys have no colon. */
async function uploadsToSeal(): Promise<string[]> {
  const jobs = await redis.keys('bull:encryption:*:*');
  const data = await Promise.all(jobs.map((job) => redis.hget(job, 'data')));
  return data.flatMap((json) => {
    const { uploads, uploadId } = JSON.parse(json!) as {
      uploads?: { uploadId: string }[];
      uploadId?: string;
    };
    return uploads?.map((upload) => upload.uploadId) ?? [uploadId!];
  });
}

async function upload(
  bytes: Buffer,
  name: string,
  type = 'application/octet-stream',
): Promise<[Answer, string]> {
  const uploadId = randomUUID();
  return [await ops.upload(bytes, { name, type, uploadId }), uploadId];
}

describe('a file that lies about what it is', () => {
  it.each(LYING_TYPES)('U16 $title, as $fileName', async ({ fileName, make }) => {
    await expectRefused(...(await upload(make(), fileName)), 'CONTENT_MISMATCH');
  });

  it.each([
    ['an honest docm', 'a.docm', macroDocument()],
    ['a program behind a PDF’s name', 'x.pdf.exe', Buffer.from('MZ')],
    ['a PDF behind a program’s name', 'x.pdf.exe', genuine('letter.pdf')],
    ['a docx named html', 'x.docx.html', REPORT],
    ['a docx with a dot at its end', 'x.docx.', REPORT],
    ['a docx with a blank at its end', 'x.docx ', REPORT],
    ['a docx with a no-break blank at its end', 'x.docx\u00a0', REPORT],
    ['a docx with an override at its end', 'x.docx\u202e', REPORT],
    ['a docx with a stream’s name', 'x.exe:.docx:$DATA', REPORT],
    ['a docx of full-width letters', 'x.ｄｏｃｘ', REPORT],
    ['a docx with a Cyrillic letter', 'x.dоcx', REPORT],
    ['a name without an extension', 'docx', REPORT],
    ['a name of dots', '...', REPORT],
    ['an old document', 'x.doc', Buffer.from('d0cf11e0a1b11ae1', 'hex')],
    ['a script', 'x.js', Buffer.from('alert(1)')],
    ['a page', 'x.html', Buffer.from('<html>')],
    ['a picture with a script', 'x.svg', Buffer.from('<svg/>')],
  ])('U16 %s, as %j, is none of the policy', async (_title, name, bytes) => {
    await expectRefused(...(await upload(bytes, name)), 'UNSUPPORTED_FILE_TYPE');
  });

  it.each([
    ['a docx declared as HTML', 'x.docx', REPORT, 'text/html'],
    ['a docx declared as PDF', 'x.docx', REPORT, 'application/pdf'],
    [
      'a docx declared as pptx',
      'x.docx',
      REPORT,
      DOCX.replace('wordprocessingml.document', 'presentationml.presentation'),
    ],
    [
      'a docx declared as macro-enabled',
      'x.docx',
      REPORT,
      'application/vnd.ms-word.document.macroEnabled.12',
    ],
    ['a PDF declared as docx', 'x.pdf', genuine('letter.pdf'), DOCX],
    ['a picture declared as SVG', 'x.png', genuine('picture.png'), 'image/svg+xml'],
    ['a docx declared as nothing known', 'x.docx', REPORT, 'x'],
  ])('U16 %s', async (_title, name, bytes, type) => {
    await expectRefused(...(await upload(bytes, name, type)), 'CONTENT_MISMATCH');
  });
});

describe('an honest file', () => {
  it.each([
    ['X.DOCX', REPORT, DOCX],
    ['x.DocX', REPORT, 'application/octet-stream'],
    ['x.docx', REPORT, `${DOCX.toUpperCase()}; charset=binary`],
    ['x.exe.docx', REPORT, DOCX],
    ['LETTER.PDF', genuine('letter.pdf'), 'application/pdf'],
    ['Photo.JPG', genuine('photo.jpg'), 'image/jpeg'],
  ])('U16 %s is taken', async (name, bytes, type) => {
    const [answer] = await upload(bytes, name, type);
    expect([answer.status, answer.body.fileName]).toEqual([201, name]);
  });

  it('U16 is sealed when there is a worker, and of the others nothing is left', async () => {
    const taken = await system.query(`SELECT id FROM uploads WHERE status = 'received'`);
    expect(taken).toHaveLength(6);
    await waitFor('jobs for all', async () => (await uploadsToSeal()).length >= taken.length);
    expect((await uploadsToSeal()).toSorted()).toEqual(taken.map(({ id }) => id as string).toSorted());
    const worker = system.startWorker();
    await system.workerReady(worker);
    for (const { id } of taken) await ops.waitForStatus(id, 'completed');
    await system.waitUntilSwept();
    await assertInvariants(system);
  });
});
