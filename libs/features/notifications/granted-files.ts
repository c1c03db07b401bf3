/** What a mail may say of a file. */
export interface GrantedFile {
  name: string;
  ownerName: string | null;
}

/** What a mail may say of the end of a file. */
export interface ExpiringFile {
  name: string;
  expiresAt: Date;
}

/**
 * The files that mails tell of, as they are when a mail is sent. Files know them; whoever assembles the worker provides
 * this, globally. Without a provider there is nothing to tell.
 */
export abstract class GrantedFiles {
  /** The file, if this client may have it now; else null. */
  abstract find(fileId: string, client: { userId: string; email: string }): Promise<GrantedFile | null>;

  /** A file of this owner that has an end, and is not over; else null. */
  abstract findExpiring(fileId: string, ownerId: string): Promise<ExpiringFile | null>;
}
