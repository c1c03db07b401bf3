import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '@waybill/core/kernel';
import { BundleContent } from './bundles/bundle-content';
import { FileChecksums } from './bundles/file-checksums';
import { FileContent, type Content } from './content';
import { FileSources } from './file-sources';
import { isExpired } from './file.policy';
import { FileRepository, type FileRecord } from './file.repository';

/** A file as whoever shares it needs it. Its key and its place are nobody's business but this feature's. */
export type SharedFile = FileRecord;

/** The files that somebody shares, on the rights of their owner. */
@Injectable()
export class SharedFiles {
  private readonly log = new Logger(SharedFiles.name);

  constructor(
    private readonly files: FileRepository,
    private readonly sources: FileSources,
    private readonly checksums: FileChecksums,
    private readonly clock: Clock,
  ) {}

  /** All of these files, in their order, as they stand; null when one of them is gone, over, or somebody else's. */
  async of(ownerId: string, ids: readonly string[]): Promise<SharedFile[] | null> {
    const owner = { userId: ownerId, role: 'ops', email: '', emailVerified: true } as const;
    const found = new Map((await this.files.permitted(owner, 'manage', ids)).map((file) => [file.id, file]));
    const now = this.clock.now();
    const files: SharedFile[] = [];
    for (const id of ids) {
      const file = found.get(id);
      if (file === undefined || file.deletedAt !== null || isExpired(file, now)) return null;
      files.push(file);
    }
    return files;
  }

  /** What these files hand out: one as it is, several as an archive of that name. */
  content(files: readonly SharedFile[], archive: string | null): Content {
    return archive === null
      ? new FileContent(files[0]!, this.sources)
      : new BundleContent(archive, files, this.sources, this.checksums);
  }

  /** Has what an archive of these files must know ready before it is asked for. */
  async prepare(files: readonly SharedFile[]): Promise<void> {
    try {
      await this.checksums.of(files);
    } catch (error) {
      this.log.warn('A bundle could not be prepared; its first download will try again', error);
    }
  }
}
