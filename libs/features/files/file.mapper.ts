import type { FileDto } from './file.dto';
import { owns, type Reader } from './file.policy';
import type { FileRecord } from './file.repository';

/** A file as it is shown to somebody who may see it. */
export function toFileDto(file: FileRecord, reader: Reader): FileDto {
  return {
    id: file.id,
    name: file.name,
    extension: file.extension,
    mediaType: file.mediaType,
    category: file.category,
    fileType: file.fileType,
    title: file.title,
    description: file.description,
    tags: file.tags,
    size: file.size,
    sha256: file.sha256.toString('hex'),
    status: file.status,
    visibility: file.visibility,
    ...(owns(reader, file) ? { recipients: file.recipients ?? [] } : {}),
    expiresAt: file.expiresAt,
    maxDownloads: file.maxDownloads,
    downloadCount: file.downloadCount,
    owner: { id: file.ownerId, fullName: file.ownerName },
    chatId: file.chatId,
    groupId: file.groupId,
    createdAt: file.createdAt,
    updatedAt: file.updatedAt,
  };
}

/** The strong entity tag of what is told of a file: it changes with every change but that of counters. */
export function fileEtag(file: Pick<FileRecord, 'revision'>): string {
  return `"r${file.revision}"`;
}
