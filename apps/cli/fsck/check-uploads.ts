import { checkStaging } from './check-staging';
import type { FsckContext } from './context';
import { holdsStaging } from './holds-staging';
import { BEFORE_ALL_IDS, keyset } from './keyset';
import type { Flaw } from './sealed-object';
import { settled } from './settled';

const PAGE = 1_000;

interface UploadFacts {
  id: string;
  fileId: string;
  status: string;
  failureCode: string | null;
  hasKey: boolean;
  parts: number;
  hasFile: boolean;
  /** Whether an event tells that the file was deleted, or ended with its time. */
  fileEnded: boolean;
}

/** One statement, so that an upload is seen with its parts and its file as one transaction left them. */
const FACTS = `SELECT upload.id, upload.file_id AS "fileId", upload.status, upload.failure_code AS "failureCode",
    upload.wrapped_dek IS NOT NULL AS "hasKey",
    (SELECT count(*) FROM upload_parts part WHERE part.upload_id = upload.id) AS parts,
    file.id IS NOT NULL AS "hasFile",
    file.id IS NULL AND (
      SELECT true FROM events WHERE subject_id = upload.file_id AND type IN ('file.deleted', 'file.expired') LIMIT 1
    ) IS TRUE AS "fileEnded"
  FROM uploads upload LEFT JOIN files file ON file.id = upload.file_id`;

/** Every upload is what its status says, and holds staging exactly as long as it may need it. */
export async function checkUploads(context: FsckContext): Promise<void> {
  const { database, options } = context;
  if (options.fileId !== null) {
    const [facts] = await database.query<UploadFacts>(`${FACTS} WHERE upload.file_id = $1`, [options.fileId]);
    if (facts) await checkUpload(context, facts);
    return;
  }
  const pages = keyset(
    BEFORE_ALL_IDS,
    PAGE,
    (upload: UploadFacts) => upload.id,
    (after, limit) =>
      database.query<UploadFacts>(`${FACTS} WHERE upload.id > $1 ORDER BY upload.id LIMIT $2`, [
        after,
        limit,
      ]),
  );
  for await (const page of pages) for (const facts of page) await checkUpload(context, facts);
}

async function checkUpload(context: FsckContext, upload: UploadFacts): Promise<void> {
  const flaws = await settled(
    upload,
    () => readFacts(context, upload.id),
    async (facts) => stateFlaws(facts),
  );
  for (const { code, detail } of flaws) context.report({ code, subject: upload.id, detail });
  if (holdsStaging(upload)) await checkStaging(context, upload.id);
  context.tally.uploads += 1;
}

async function readFacts({ database }: FsckContext, id: string): Promise<UploadFacts | null> {
  const [facts] = await database.query<UploadFacts>(`${FACTS} WHERE upload.id = $1`, [id]);
  return facts ?? null;
}

function stateFlaws(upload: UploadFacts): Flaw[] {
  const { fileId, status, parts } = upload;
  const flaws: Flaw[] = [];
  if (status === 'completed' && !upload.hasFile && !upload.fileEnded)
    flaws.push({ code: 'FILE_MISSING', detail: `its file ${fileId} is not there, and was not deleted` });
  if (status !== 'completed' && upload.hasFile)
    flaws.push({ code: 'UPLOAD_STATE', detail: `is ${status}, and its file ${fileId} is there` });
  if (holdsStaging(upload)) return flaws;
  if (parts > 0) flaws.push({ code: 'UPLOAD_STATE', detail: `is ${status}, and has ${parts} parts` });
  if (upload.hasKey)
    flaws.push({ code: 'KEY_NOT_DESTROYED', detail: `is ${status}, and has its staging key` });
  return flaws;
}
