/**
 * Files that are still on their way. Uploads know of them and provide this, globally, where they are at home; without a
 * provider no file is pending.
 */
export abstract class PendingFiles {
  /** `pending` when the file is an unfinished upload of this very user; null for everybody else, and for all else. */
  abstract statusOf(fileId: string, userId: string): Promise<'pending' | null>;
}
