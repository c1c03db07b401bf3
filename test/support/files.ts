import { randomBytes, sha256 } from '@waybill/core/crypto';
import { uuidv7, type Role } from '@waybill/core/kernel';
import { AccountsService } from '@waybill/features/auth';
import { DEFAULT_FILE_ATTRIBUTES, StorageUsageService, type FileAttributes } from '@waybill/features/files';
import { Database } from '@waybill/platform/database';
import { Keyring } from '@waybill/platform/keyring';
import { ObjectRegistry } from '@waybill/platform/objects';
import { ObjectStores } from '@waybill/platform/storage';
import { publishSealed } from '../../libs/features/files/testing/publish';
import { seal } from '../../libs/features/files/testing/sealing';
import type { ApiApp } from './api-app';
import { ApiClient, type Answer } from './system/api-client';

export const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
const PASSWORD = 'correct horse battery staple';

/** Somebody with an account, logged in. */
export type Person = ApiClient & { userId: string; role: Role; email: string };

export interface PublishedFile {
  id: string;
  plaintext: Buffer;
  /** Of the object. */
  key: string;
}

export interface FileToPublish {
  name?: string;
  mediaType?: string;
  plaintext?: Buffer;
  attributes?: Partial<FileAttributes>;
}

/** A service of the running application. */
export function part<T>(api: ApiApp, token: abstract new (...args: never[]) => T): T {
  return api.app.get<T>(token as never, { strict: false });
}

export async function createPerson(
  api: ApiApp,
  role: Role,
  email = `${role}-${uuidv7()}@example.org`,
): Promise<Person> {
  const account = { email, role, password: PASSWORD, verified: true };
  const { id } = await part(api, AccountsService).create(account);
  const caller = new ApiClient(api.url);
  const answer = await caller.login(email, PASSWORD);
  if (answer.status !== 200) throw new Error(`login: ${answer.status} ${answer.bytes.toString()}`);
  return Object.assign(caller, { userId: id, role, email });
}

/** A file as sealing leaves it behind: object, registry, quota, row, event. */
export async function publishFile(
  api: ApiApp,
  owner: Person,
  given: FileToPublish = {},
): Promise<PublishedFile> {
  const { name = 'report.docx', mediaType = DOCX, plaintext = randomBytes(3000), attributes = {} } = given;
  const id = uuidv7();
  const store = part(api, ObjectStores).default;
  await part(api, ObjectRegistry).register(`vault/${id}/1`, store.driver, 60_000);
  const sealed = await seal(store, part(api, Keyring), { id, plaintext });
  await part(api, Database).transaction(async (tx) => {
    await part(api, StorageUsageService).charge(tx, owner.userId, plaintext.length, null);
    await publishSealed(part(api, Database), tx, {
      ...sealed,
      fileId: id,
      ownerId: owner.userId,
      name,
      extension: 'docx',
      mediaType,
      category: 'document',
      fileType: null,
      attributes: { ...DEFAULT_FILE_ATTRIBUTES, ...attributes },
      sha256: sha256(plaintext),
    });
  });
  return { id, plaintext, key: sealed.objectKey };
}

export function patchFile(
  caller: ApiClient,
  id: string,
  changes: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return caller.request('PATCH', `/api/files/${id}`, {
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(changes),
  });
}

/** The types of the events about something, in their order. */
export async function eventsOf(api: ApiApp, subject: string): Promise<string[]> {
  const rows = await api.query('SELECT type FROM events WHERE subject_id = $1 ORDER BY id', [subject]);
  return rows.map(({ type }) => type);
}

/** An answer as two callers may compare it: without what names the request. */
export function comparable({ status, body }: Answer): unknown {
  if (body === null) return { status };
  const { requestId: _, instance: __, ...rest } = body;
  return { status, ...rest };
}

/** The routes that take a file's id, as somebody calls them who means no harm. */
export const FILE_ROUTES: [string, (caller: ApiClient, id: string) => Promise<Answer>][] = [
  ['GET /files/:id', (caller, id) => caller.get(`/api/files/${id}`)],
  ['HEAD /files/:id', (caller, id) => caller.request('HEAD', `/api/files/${id}`)],
  ['PATCH /files/:id', (caller, id) => patchFile(caller, id, { title: 'Mine' })],
  ['DELETE /files/:id', (caller, id) => caller.delete(`/api/files/${id}`)],
  ['GET /files/:id/content', (caller, id) => caller.get(`/api/files/${id}/content`)],
  ['HEAD /files/:id/content', (caller, id) => caller.request('HEAD', `/api/files/${id}/content`)],
  ['POST /files/:id/download-link', (caller, id) => caller.post(`/api/files/${id}/download-link`, {})],
];
