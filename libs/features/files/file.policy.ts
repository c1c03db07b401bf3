import { AppError, type UserPrincipal } from '@waybill/core/kernel';
import { isExhausted } from './deliveries/delivery.policy';
import type { FileStatus, Visibility } from './file.entity';

/** What one may want of a file: to see and download it, or to change and delete it. */
export type Permission = 'read' | 'manage';

/** Of whoever asks, what the rules look at. */
export type Reader = Pick<UserPrincipal, 'userId' | 'role' | 'email' | 'emailVerified'>;

/** Of a file, what the rules look at. */
export interface Governed {
  ownerId: string;
  /** Whether the owner's account is in use: what a disabled account published is not handed out. */
  ownerActive: boolean;
  visibility: Visibility;
  status: FileStatus;
  expiresAt: Date | null;
  maxDownloads: number | null;
  downloadCount: number;
  deletedAt: Date | null;
}

/** A file and whom it was granted to: e-mail addresses, which mean something while it is restricted. */
export interface Granted extends Governed {
  recipients: readonly string[];
}

/** Whether somebody owns a file and still has a role that owns files. */
export function owns(reader: Reader, file: Pick<Governed, 'ownerId'>): boolean {
  return (reader.role === 'ops' || reader.role === 'admin') && reader.userId === file.ownerId;
}

/**
 * Whether somebody may know of a file and do this with it. `FileRepository.permitted` asks the database the same
 * question for many files at once; a test holds the two together.
 */
export function permits(reader: Reader, permission: Permission, file: Granted): boolean {
  // What its time ended, rather than its owner, is remembered for those who could see it.
  if (file.deletedAt !== null && !isExpired(file, file.deletedAt)) return false;
  if (owns(reader, file)) return true;
  switch (permission) {
    case 'manage':
      return false;
    case 'read':
      return reader.role === 'client' && reader.emailVerified && file.ownerActive && isMeantFor(reader, file);
  }
}

function isMeantFor({ email }: Reader, { visibility, recipients }: Granted): boolean {
  switch (visibility) {
    case 'clients':
      return true;
    case 'restricted':
      return recipients.some((recipient) => recipient.toLowerCase() === email.toLowerCase());
    case 'private':
      return false;
  }
}

export function isExpired({ expiresAt }: Pick<Governed, 'expiresAt'>, now: Date): boolean {
  return expiresAt !== null && expiresAt <= now;
}

/** @throws AppError `GONE` when the file's time is over. */
export function assertNotExpired(file: Pick<Governed, 'expiresAt'>, now: Date): void {
  if (isExpired(file, now)) throw new AppError('GONE', 'The file has expired.');
}

/**
 * Whether the bytes may still be had, now or through a link, by somebody who may read the file.
 *
 * @throws AppError `GONE` when its time is over or, for all but the owner, it was downloaded as often as it may be.
 */
export function assertObtainable(file: Governed, reader: Reader, now: Date): void {
  assertNotExpired(file, now);
  if (isExhausted(file) && !owns(reader, file)) {
    throw new AppError('GONE', 'The file was downloaded as often as it may be.');
  }
}

/** @throws AppError `INTEGRITY_FAILURE` once the stored bytes were found damaged. */
export function assertSound({ status }: Pick<Governed, 'status'>): void {
  if (status === 'corrupt') {
    throw new AppError('INTEGRITY_FAILURE', 'The stored file is damaged and cannot be handed out.');
  }
}
