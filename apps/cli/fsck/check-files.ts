import { AES256_GCM_HKDF_1MB, fileAad, wipe } from '@waybill/core/crypto';
import type { FsckContext } from './context';
import type { Remedy } from './finding';
import { BEFORE_ALL_IDS, keyset } from './keyset';
import { openKey } from './open-key';
import { impliedSize, measureObject, verifyObject, type Flaw, type SealedObject } from './sealed-object';
import { settled } from './settled';

const PAGE = 500;

interface FileFacts {
  id: string;
  deleted: boolean;
  markedCorrupt: boolean;
  size: number;
  sha256: Buffer;
  objectKey: string;
  objectVersion: number;
  wrappedDek: Buffer | null;
  kekId: string;
  /** These three are the registry's; null where it has no such object. */
  driver: string | null;
  state: string | null;
  registeredSize: number | null;
}

/** One statement, so that a file and its object are seen as one transaction left them. */
const FACTS = `SELECT file.id, file.deleted_at IS NOT NULL AS deleted, file.status = 'corrupt' AS "markedCorrupt",
    file.size, file.sha256, file.object_key AS "objectKey", file.object_version AS "objectVersion",
    file.wrapped_dek AS "wrappedDek", file.kek_id AS "kekId", object.driver, object.state,
    object.size AS "registeredSize"
  FROM files file LEFT JOIN objects object ON object.key = file.object_key`;

/** Flaws of the bytes or the key themselves: such a file cannot be handed out any more. */
const DAMAGES: ReadonlySet<string> = new Set<Flaw['code']>([
  'OBJECT_MISSING',
  'OBJECT_SIZE',
  'CONTENT_DAMAGED',
  'KEY_DAMAGED',
]);

/** Every file has its object, whole and its own; a deleted one has neither key nor object. */
export async function checkFiles(context: FsckContext): Promise<void> {
  const { database, options } = context;
  if (options.fileId !== null) {
    const facts = await readFacts(context, options.fileId);
    if (facts) await checkFile(context, facts);
    return;
  }
  const pages = keyset(
    BEFORE_ALL_IDS,
    PAGE,
    (file: FileFacts) => file.id,
    (after, limit) =>
      database.query<FileFacts>(`${FACTS} WHERE file.id > $1 ORDER BY file.id LIMIT $2`, [after, limit]),
  );
  for await (const page of pages) for (const facts of page) await checkFile(context, facts);
}

async function readFacts({ database }: FsckContext, id: string): Promise<FileFacts | null> {
  const [facts] = await database.query<FileFacts>(`${FACTS} WHERE file.id = $1`, [id]);
  return facts ?? null;
}

async function checkFile(context: FsckContext, file: FileFacts): Promise<void> {
  const look = async (facts: FileFacts): Promise<Flaw[]> =>
    facts.deleted ? tombstoneFlaws(facts) : fileFlaws(context, facts);
  const flaws = await settled(file, () => readFacts(context, file.id), look);
  for (const { code, detail } of flaws) {
    context.report({ code, subject: file.id, detail }, remedyFor(file, code));
  }
  if (file.markedCorrupt && !file.deleted && flaws.length === 0 && !context.options.fast) {
    context.warn({
      code: 'MARKED_CORRUPT',
      subject: file.id,
      detail: 'is marked corrupt, and is whole',
    });
  }
  context.tally.files += 1;
  context.progress.advance(file.deleted ? 0 : 1, file.deleted ? 0 : (file.registeredSize ?? 0));
}

function tombstoneFlaws(file: FileFacts): Flaw[] {
  const flaws: Flaw[] = [];
  if (file.wrappedDek !== null)
    flaws.push({ code: 'KEY_NOT_DESTROYED', detail: 'is deleted, and has its key' });
  if (file.state !== null && file.state !== 'dead')
    flaws.push({ code: 'TOMBSTONE_OBJECT_LIVE', detail: `${file.objectKey} is ${file.state}` });
  return flaws;
}

async function fileFlaws(context: FsckContext, file: FileFacts): Promise<Flaw[]> {
  const { objectKey, driver, state, registeredSize } = file;
  if (driver === null) return [{ code: 'OBJECT_UNREGISTERED', detail: `${objectKey} is not registered` }];
  if (state !== 'live') return [{ code: 'OBJECT_NOT_LIVE', detail: `${objectKey} is ${state}` }];
  const sealedBytes = impliedSize(file.size);
  if (sealedBytes === null) return [{ code: 'REGISTERED_SIZE', detail: `no file has ${file.size} bytes` }];
  const object = { store: context.stores.of(driver), key: objectKey, sealedBytes };
  const found = await byteFlaws(context, file, object);
  if (found.length > 0 || registeredSize === sealedBytes) return found;
  const detail = `${objectKey} is registered with ${registeredSize} bytes instead of ${sealedBytes}`;
  return [{ code: 'REGISTERED_SIZE', detail }];
}

/** What is wrong with the key and the object themselves. */
async function byteFlaws(context: FsckContext, file: FileFacts, object: SealedObject): Promise<Flaw[]> {
  if (file.wrappedDek === null) {
    return [
      { code: 'KEY_DAMAGED', detail: 'the wrapped key is gone' },
      ...flaws(await measureObject(object)),
    ];
  }
  const key = await openKey(
    context.keyring,
    { kekId: file.kekId, wrapped: file.wrappedDek },
    { purpose: 'file', id: file.id, version: file.objectVersion },
  );
  if ('flaw' in key) return [key.flaw, ...flaws(await measureObject(object))];
  try {
    if (context.options.fast) return flaws(await measureObject(object));
    return flaws(await contentFlaw(context, file, object, key.dek));
  } finally {
    wipe(key.dek);
  }
}

async function contentFlaw(
  context: FsckContext,
  file: FileFacts,
  object: SealedObject,
  dek: Buffer,
): Promise<Flaw | null> {
  const opening = { dek, aad: fileAad(file.id, file.objectVersion), format: AES256_GCM_HKDF_1MB };
  const content = await verifyObject(object, opening, context.buffers);
  if ('flaw' in content) return content.flaw;
  context.tally.verifiedBytes += object.sealedBytes;
  if (content.sha256.equals(file.sha256)) return null;
  return { code: 'CONTENT_DAMAGED', detail: `${object.key}: the SHA-256 is not the recorded one` };
}

function flaws(flaw: Flaw | null): Flaw[] {
  return flaw === null ? [] : [flaw];
}

function remedyFor(file: FileFacts, code: Flaw['code']): Remedy | undefined {
  if (!DAMAGES.has(code) || file.markedCorrupt) return undefined;
  const { id: fileId, objectKey, objectVersion } = file;
  return { kind: 'mark-corrupt', fileId, objectKey, objectVersion };
}
