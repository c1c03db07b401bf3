import { wipe } from '@waybill/core/crypto';
import { checkPart } from './check-part';
import type { FsckContext } from './context';
import { HOLDS_STAGING } from './holds-staging';
import { openKey } from './open-key';
import type { Flaw } from './sealed-object';
import { settled } from './settled';

interface StagingFacts {
  status: string;
  offset: number;
  total: number | null;
  partCount: number;
  wrappedDek: Buffer | null;
  kekId: string;
}

interface PartSpan {
  offset: number;
  size: number;
}

interface Staging {
  upload: StagingFacts;
  /** In the order of their bytes. */
  parts: PartSpan[];
}

type Row = StagingFacts & { partOffset: number | null; partSize: number | null };

/** An upload's parts join to all that it counts, and each of them can be read back. */
export async function checkStaging(context: FsckContext, uploadId: string): Promise<void> {
  const first = await readStaging(context, uploadId);
  if (first === null) return;
  const flaws = await settled(
    first,
    () => readStaging(context, uploadId),
    async (staging) => joinFlaws(staging),
  );
  for (const { code, detail } of flaws) context.report({ code, subject: uploadId, detail });

  const dek = await openStagingKey(context, uploadId, first.upload);
  try {
    for (const { offset } of first.parts) await checkPart(context, uploadId, offset, dek);
  } finally {
    if (dek) wipe(dek);
  }
}

/** One statement: at most 10,000 rows, and all of one moment. */
async function readStaging({ database }: FsckContext, uploadId: string): Promise<Staging | null> {
  const rows = await database.query<Row>(
    `SELECT upload.status, upload.offset_bytes AS "offset", upload.total_bytes AS total,
            upload.part_count AS "partCount", upload.wrapped_dek AS "wrappedDek", upload.kek_id AS "kekId",
            part.offset_bytes AS "partOffset", part.size_bytes AS "partSize"
     FROM uploads upload LEFT JOIN upload_parts part ON part.upload_id = upload.id
     WHERE upload.id = $1 AND ${HOLDS_STAGING} ORDER BY part.offset_bytes`,
    [uploadId],
  );
  const [row] = rows;
  if (!row) return null;
  const { partOffset: _offset, partSize: _size, ...upload } = row;
  const parts = rows.flatMap(({ partOffset, partSize }) =>
    partOffset === null ? [] : [{ offset: partOffset, size: partSize! }],
  );
  return { upload, parts };
}

function joinFlaws({ upload, parts }: Staging): Flaw[] {
  if (upload.status !== 'uploading' && upload.total !== upload.offset) {
    const detail = `is ${upload.status} with ${upload.offset} of ${upload.total} bytes`;
    return [{ code: 'UPLOAD_STATE', detail }];
  }
  let end = 0;
  for (const part of parts) {
    if (part.offset !== end || part.size < 0) {
      const what = part.offset > end ? 'gap' : 'overlap';
      return [
        {
          code: 'PARTS_GAP',
          detail: `${what} before the part at ${part.offset}; the one before ends at ${end}`,
        },
      ];
    }
    end += part.size;
  }
  if (end === upload.offset && parts.length === upload.partCount) return [];
  const detail = `${parts.length} parts of ${end} bytes, where the upload counts ${upload.partCount} of ${upload.offset}`;
  return [{ code: 'PARTS_SUM', detail }];
}

/** Null, with a finding, when the key does not open; and without one when the upload has ended meanwhile. */
async function openStagingKey(
  context: FsckContext,
  uploadId: string,
  upload: StagingFacts,
): Promise<Buffer | null> {
  let dek: Buffer | null = null;
  const open = async ({ wrappedDek, kekId }: StagingKey): Promise<Flaw[]> => {
    if (wrappedDek === null) return [{ code: 'KEY_DAMAGED', detail: 'the wrapped staging key is gone' }];
    const wrapped = { kekId, wrapped: wrappedDek };
    const key = await openKey(context.keyring, wrapped, { purpose: 'staging', id: uploadId, version: 1 });
    if ('flaw' in key) return [key.flaw];
    dek = key.dek;
    return [];
  };
  const { wrappedDek, kekId } = upload;
  const flaws = await settled({ wrappedDek, kekId }, () => readKey(context, uploadId), open);
  for (const { code, detail } of flaws) context.report({ code, subject: uploadId, detail });
  return dek;
}

type StagingKey = Pick<StagingFacts, 'wrappedDek' | 'kekId'>;

async function readKey(context: FsckContext, uploadId: string): Promise<StagingKey | null> {
  const staging = await readStaging(context, uploadId);
  return staging && { wrappedDek: staging.upload.wrappedDek, kekId: staging.upload.kekId };
}
