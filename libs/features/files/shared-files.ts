import { Injectable } from '@nestjs/common';
import { Clock } from '@waybill/core/kernel';
import { FileContent, type Content } from './content';
import { FileSources } from './file-sources';
import { isExpired } from './file.policy';
import { FileRepository, type FileRecord } from './file.repository';

/** A file as whoever shares it needs it. Its key and its place are nobody's business but this feature's. */
export type SharedFile = FileRecord;

/** The files that somebody shares, on the rights of their owner. */
@Injectable()
export class SharedFiles {
  constructor(
    private readonly files: FileRepository,
    private readonly sources: FileSources,
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

  /** What one file hands out. */
  single(file: SharedFile): Content {
    return new FileContent(file, this.sources);
  }
}
