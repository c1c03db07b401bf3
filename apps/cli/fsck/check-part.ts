import { SegmentFormat, stagingAad } from '@waybill/core/crypto';
import type { FsckContext } from './context';
import { impliedSize, measureObject, verifyObject, type Flaw } from './sealed-object';
import { settled } from './settled';

/** The format of staging parts, said here once more: an auditor does not ask the audited what is right. */
export const STAGING_FORMAT = new SegmentFormat({
  segmentSize: 256 * 1024,
  derivedKeySize: 32,
  hkdfHash: 'sha256',
});

interface PartFacts {
  offset: number;
  size: number;
  objectKey: string;
  /** These three are the registry's; null where it has no such object. */
  driver: string | null;
  state: string | null;
  registeredSize: number | null;
}

/**
 * A part has its object, live and whole.
 *
 * @param dek the upload's staging key; null when it does not open, so that sizes are all that can be told.
 */
export async function checkPart(
  context: FsckContext,
  uploadId: string,
  offset: number,
  dek: Buffer | null,
): Promise<void> {
  const part = await readPart(context, uploadId, offset);
  if (part === null) return;
  const flaws = await settled(
    part,
    () => readPart(context, uploadId, offset),
    (facts) => partFlaws(context, uploadId, facts, dek),
  );
  for (const { code, detail } of flaws) {
    context.report({ code, subject: uploadId, detail: `part at ${offset}: ${detail}` });
  }
  context.progress.advance(1, part.registeredSize ?? 0);
}

async function readPart(
  { database }: FsckContext,
  uploadId: string,
  offset: number,
): Promise<PartFacts | null> {
  const [part] = await database.query<PartFacts>(
    `SELECT part.offset_bytes AS "offset", part.size_bytes AS size, part.object_key AS "objectKey",
            object.driver, object.state, object.size AS "registeredSize"
     FROM upload_parts part LEFT JOIN objects object ON object.key = part.object_key
     WHERE part.upload_id = $1 AND part.offset_bytes = $2`,
    [uploadId, offset],
  );
  return part ?? null;
}

async function partFlaws(
  context: FsckContext,
  uploadId: string,
  part: PartFacts,
  dek: Buffer | null,
): Promise<Flaw[]> {
  const { objectKey: key, driver, state, registeredSize } = part;
  if (driver === null) return [{ code: 'OBJECT_UNREGISTERED', detail: `${key} is not registered` }];
  if (state !== 'live') return [{ code: 'OBJECT_NOT_LIVE', detail: `${key} is ${state}` }];
  const sealedBytes = impliedSize(part.size, STAGING_FORMAT);
  if (sealedBytes === null) return [{ code: 'REGISTERED_SIZE', detail: `no part has ${part.size} bytes` }];
  const object = { store: context.stores.of(driver), key, sealedBytes };
  if (dek === null || context.options.fast) {
    const flaw = await measureObject(object);
    if (flaw) return [flaw];
  } else {
    const opening = { dek, aad: stagingAad(uploadId, part.offset), format: STAGING_FORMAT };
    const content = await verifyObject(object, opening, context.buffers);
    if ('flaw' in content) return [content.flaw];
    context.tally.verifiedBytes += sealedBytes;
  }
  if (registeredSize === sealedBytes) return [];
  return [
    {
      code: 'REGISTERED_SIZE',
      detail: `${key} is registered with ${registeredSize} bytes instead of ${sealedBytes}`,
    },
  ];
}
