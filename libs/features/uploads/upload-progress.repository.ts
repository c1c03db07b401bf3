import { Injectable } from '@nestjs/common';
import { ProgressSource, type ProgressFacts } from '@waybill/features/progress';
import { Database } from '@waybill/platform/database';
import type { UploadStatus } from './upload.entity';

export interface UploadListQuery {
  status: UploadStatus | undefined;
  limit: number;
  /** Where the page before ended. */
  after: { key: string; id: string } | null;
}

/** `sortKey` is the time of its beginning to the microsecond, which a `Date` does not hold. */
export type ListedUpload = ProgressFacts & { sortKey: string };

/** No keys among them: whoever looks at progress needs none. */
const FACTS = `id, file_id AS "fileId", owner_id AS "ownerId", file_name AS "fileName", door, status,
  failure_code AS "failureCode", offset_bytes AS "offsetBytes", total_bytes AS "totalBytes", created_at AS "createdAt",
  updated_at AS "updatedAt", received_at AS "receivedAt", completed_at AS "completedAt", cancelled_at AS "cancelledAt"`;

/** What rows know of how uploads are getting on. */
@Injectable()
export class UploadProgressRepository extends ProgressSource {
  constructor(private readonly database: Database) {
    super();
  }

  /** Uploads by their ids, whosever they are. */
  async find(ids: string[]): Promise<ProgressFacts[]> {
    return this.database.query<ProgressFacts>(`SELECT ${FACTS} FROM uploads WHERE id = ANY($1::uuid[])`, [
      ids,
    ]);
  }

  /** What these users are uploading, or what is being made of it. */
  async openOf(ownerIds: string[]): Promise<ProgressFacts[]> {
    return this.database.query<ProgressFacts>(
      `SELECT ${FACTS} FROM uploads
       WHERE owner_id = ANY($1::uuid[]) AND status IN ('uploading', 'received', 'encrypting')`,
      [ownerIds],
    );
  }

  /** A user's uploads, the newest first. */
  async list(ownerId: string, { status, after, limit }: UploadListQuery): Promise<ListedUpload[]> {
    const parameters: unknown[] = [ownerId, limit];
    const bind = (value: unknown): string => `$${parameters.push(value)}`;
    const ofStatus = status === undefined ? '' : `AND status = ${bind(status)}`;
    const beyond =
      after === null
        ? ''
        : `AND (created_at, id) < (${bind(after.key)}::timestamptz, ${bind(after.id)}::uuid)`;
    return this.database.query<ListedUpload>(
      `SELECT ${FACTS}, created_at::text AS "sortKey" FROM uploads WHERE owner_id = $1 ${ofStatus} ${beyond}
       ORDER BY created_at DESC, id DESC LIMIT $2`,
      parameters,
    );
  }
}
