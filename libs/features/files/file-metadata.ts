import { Injectable } from '@nestjs/common';
import { MetadataCache } from '@waybill/platform/cache';
import { FileAccess } from './file-access';
import type { FileDto } from './file.dto';
import { toFileDto } from './file.mapper';
import { owns, type Reader } from './file.policy';
import { FileRepository, type FileGlance } from './file.repository';

/** A file as it is shown, and which of its revisions that is. */
export interface ShownFile {
  file: FileDto;
  revision: number;
  /** Whether the cache had it. */
  hit: boolean;
}

/**
 * What is told of a file, by way of the metadata cache. What is kept there is as its owner may see it, under id and
 * revision; the revision, and all that is not part of it, comes from the glance at the row that every request begins with.
 * So nothing that is kept can be out of date, and no change needs to take anything back.
 */
@Injectable()
export class FileMetadata {
  constructor(
    private readonly access: FileAccess,
    private readonly files: FileRepository,
    private readonly cache: MetadataCache,
  ) {}

  /** Throws like `FileAccess.requireCurrent`, for a file that was changed or taken away since the glance. */
  async show(reader: Reader, glance: FileGlance): Promise<ShownFile> {
    const { id, revision } = glance;
    const { value, hit } = await this.cache.through(`file:${id}:${revision}`, async () => {
      const file = await this.files.describe(id);
      const kept =
        file === null ? null : { ...toFileDto(file, AS_OWNER(file.ownerId)), revision: file.revision };
      return { value: kept, keep: kept?.revision === revision };
    });
    if (value?.id === id && value.revision === revision)
      return { file: tell(value, reader, glance), revision, hit };
    // It is another by now, and so may be who is allowed to see it.
    const file = await this.access.requireCurrent(reader, 'read', id);
    return { file: toFileDto(file, reader), revision: file.revision, hit: false };
  }
}

const AS_OWNER = (userId: string): Reader => ({ userId, role: 'ops', email: '', emailVerified: true });

/** What was kept, with what is not part of its revision as it is now. */
function tell(
  cached: FileDto & { revision: number },
  reader: Reader,
  { ownerId, ownerName, downloadCount }: FileGlance,
): FileDto {
  const { revision: _, recipients, ...kept } = cached;
  const told = { ...kept, downloadCount, owner: { id: ownerId, fullName: ownerName } };
  return owns(reader, { ownerId }) ? { ...told, recipients } : told;
}
