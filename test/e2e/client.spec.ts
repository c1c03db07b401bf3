import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWaybillClient, isProblem, type WaybillClient } from '@waybill/client';
import { fetchAll, handOver } from '../../docs/examples/hand-over';
import { genuine, largeDocument } from '../fixtures/documents';
import { TestSystem, waitFor } from '../support/system';

jest.setTimeout(120_000);

const PASSWORD = 'correct horse battery staple';
const report = new Uint8Array(genuine('report.docx'));

let system: TestSystem;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-client-'));
  // Links lead to where the service is.
  system = await TestSystem.start({ env: { PUBLIC_URL: undefined } });
});
afterAll(async () => {
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

const client = (): WaybillClient => createWaybillClient({ baseUrl: system.url });

async function loggedIn(role: 'ops' | 'client'): Promise<WaybillClient> {
  const { email, password } = await system.createUser(role);
  const waybill = client();
  await waybill.logIn(email, password);
  return waybill;
}

/** The token of the confirmation that was mailed to somebody. */
const mailedToken = (email: string): Promise<string> =>
  waitFor('the confirmation mail', async () => {
    const mail = (await system.mails()).find((text) => text.includes(email));
    return /\/api\/auth\/confirm\/([\w.-]+)/.exec(mail?.replaceAll(/=\r?\n/g, '') ?? '')?.[1];
  });

describe('the typed client', () => {
  it('goes the whole way, from signing up to the bytes', async () => {
    const email = `ada-${randomUUID()}@example.org`;
    const ada = client();
    await ada.POST('/api/auth/signup', { body: { email, password: PASSWORD, fullName: 'Ada' } });
    await expect(ada.logIn(email, PASSWORD)).rejects.toMatchObject({ code: 'EMAIL_NOT_VERIFIED' });
    await ada.POST('/api/auth/confirm/{token}', { params: { path: { token: await mailedToken(email) } } });
    expect(await ada.logIn(email, PASSWORD)).toMatchObject({ email, role: 'client', emailVerified: true });

    const ops = await loggedIn('ops');
    const { uploadId, fileId } = await ops.upload(new File([report], 'report.docx'), {
      title: 'Offer',
      tags: ['offer', 'spring'],
      recipients: [email],
      maxDownloads: 2,
    });
    const statuses: string[] = [];
    await ops.completed(uploadId, { onProgress: ({ status }) => statuses.push(status) });
    expect(statuses.at(-1)).toBe('completed');
    const { data: uploads } = await ops.GET('/api/upload', { params: { query: { status: 'completed' } } });
    expect(uploads.items).toMatchObject([{ uploadId, bytesUploaded: report.length }]);

    const files = [];
    for await (const file of ada.files()) files.push(file);
    expect(files).toMatchObject([{ id: fileId, name: 'report.docx', title: 'Offer', maxDownloads: 2 }]);
    const downloaded = await ada.download(fileId);
    expect(new Uint8Array(await downloaded.arrayBuffer())).toEqual(report);
    const rest = await ada.download(fileId, { headers: { Range: 'bytes=1000-' } });
    expect([rest.status, (await rest.arrayBuffer()).byteLength]).toEqual([206, report.length - 1000]);

    await ops.DELETE('/api/files/{id}', { params: { path: { id: fileId } } });
    await expect(ada.download(fileId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await ada.logOut();
    await expect(ada.GET('/api/files')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('changes a file only in the version that it has seen', async () => {
    const ops = await loggedIn('ops');
    const { uploadId, fileId } = await ops.upload(new File([report], 'report.docx'));
    await ops.completed(uploadId);
    const path = { id: fileId };
    const { response } = await ops.GET('/api/files/{id}', { params: { path } });
    const header = { 'If-Match': response.headers.get('etag')! };
    const { data } = await ops.PATCH('/api/files/{id}', { params: { path, header }, body: { title: 'One' } });
    expect(data.title).toBe('One');
    const late = ops.PATCH('/api/files/{id}', { params: { path, header }, body: { title: 'Two' } });
    await expect(late).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  it('cancels an upload while it runs', async () => {
    const ops = await loggedIn('ops');
    const uploadId = randomUUID();
    const large = largeDocument(16 * 1024 * 1024);
    const sending = ops.upload(new Blob([...large] as Uint8Array<ArrayBuffer>[]), {
      name: 'large.docx',
      uploadId,
    });
    const outcome = sending.then(
      () => 'done',
      () => 'broken off',
    );
    const params = { path: { uploadId } };
    await waitFor('the upload to be known', async () =>
      ops.GET('/api/upload/progress/{uploadId}', { params }).catch((error) => {
        if (!isProblem(error, 'NOT_FOUND')) throw error;
      }),
    );
    const cancelled = await ops.POST('/api/upload/cancel/{uploadId}', { params });
    expect(cancelled.data).toEqual({ success: true, uploadId, status: 'cancelled' });
    await outcome;
    await expect(ops.completed(uploadId)).rejects.toMatchObject({ progress: { status: 'cancelled' } });
  });

  it('is told once what it asks twice with one key', async () => {
    const ops = await loggedIn('ops');
    const upload = () => ops.upload(new File([report], 'report.docx'), { idempotencyKey: 'nightly-1' });
    const first = await upload();
    expect(await upload()).toMatchObject({ uploadId: first.uploadId, fileId: first.fileId });
  });
});

describe('docs/examples/hand-over.ts', () => {
  it('hands a document over', async () => {
    const ops = await loggedIn('ops');
    const { data } = await ops.POST('/api/auth/api-keys', {
      body: { name: 'nightly import', scopes: ['files:read', 'files:write'] },
    });
    const ada = await system.createUser('client');
    const path = join(folder, 'offer.docx');
    await writeFile(path, report);

    const fileId = await handOver(system.url, data.key, path, ada.email);
    const { data: file } = await ops.GET('/api/files/{id}', { params: { path: { id: fileId } } });
    expect(file).toMatchObject({
      recipients: [ada.email],
      sha256: createHash('sha256').update(report).digest('hex'),
    });

    await rm(path);
    expect(await fetchAll(system.url, ada.email, ada.password, folder)).toContain('offer.docx');
    expect(new Uint8Array(await readFile(path))).toEqual(report);
  });
});
