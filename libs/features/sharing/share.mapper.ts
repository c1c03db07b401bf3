import type { SharedFile } from '@waybill/features/files';
import type { ShareDto, ShareInfoDto } from './share.dto';
import type { OpenShare } from './share-access';
import { remainingDownloads } from './share.policy';
import type { ShareRecord } from './share.repository';

export function toShareDto(share: ShareRecord): ShareDto {
  return {
    id: share.id,
    fileId: share.name === null ? share.fileIds[0]! : null,
    fileIds: share.fileIds,
    name: share.name,
    expiresAt: share.expiresAt,
    maxDownloads: share.maxDownloads,
    downloadCount: share.downloadCount,
    passwordProtected: share.passwordHash !== null,
    revokedAt: share.revokedAt,
    createdAt: share.createdAt,
  };
}

/** @param unlocked whether whoever asks may know what it is called. */
export function toShareInfo({ share, files, content }: OpenShare, unlocked: boolean): ShareInfoDto {
  return {
    name: unlocked ? content.is.name : null,
    size: content.is.size,
    mediaType: unlocked ? content.is.mediaType : null,
    expiresAt: endOf(share, files),
    passwordProtected: share.passwordHash !== null,
    remainingDownloads: remainingDownloads([share, ...files]),
  };
}

/** When it is over: with the share, or with the first of its files. */
export function endOf(share: ShareRecord, files: readonly SharedFile[]): Date {
  const ends = [
    share.expiresAt,
    ...files.flatMap(({ expiresAt }) => (expiresAt === null ? [] : [expiresAt])),
  ];
  return new Date(Math.min(...ends.map((end) => end.getTime())));
}

/** The strong entity tag of what is told of a share: it changes with every change but that of counters. */
export function shareEtag({ revision }: Pick<ShareRecord, 'revision'>): string {
  return `"r${revision}"`;
}
