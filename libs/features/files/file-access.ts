import { Inject, Injectable, Optional } from '@nestjs/common';
import { AppError, Clock } from '@waybill/core/kernel';
import { assertNotExpired, assertObtainable, type Permission, type Reader } from './file.policy';
import { FileRepository, type FileGlance, type FileRecord } from './file.repository';
import { PendingFiles } from './pending-files';

/** How soon to ask again for a file that is on its way. */
const RETRY_SECONDS = 2;

/** The way from an id to a file, for whoever may go it. */
@Injectable()
export class FileAccess {
  constructor(
    private readonly files: FileRepository,
    private readonly clock: Clock,
    @Optional() @Inject(PendingFiles) private readonly pending: PendingFiles | null = null,
  ) {}

  /**
   * The file, on fresh rows, if the caller may do this with it.
   *
   * @throws AppError `NOT_FOUND` for what is not there and for what he may not know of, alike; `FORBIDDEN` for what he
   * may see but not do; `GONE` when its time ended it; `FILE_NOT_READY` for his own unfinished upload.
   */
  async require(reader: Reader, permission: Permission, id: string): Promise<FileRecord> {
    const [file] = await this.files.permitted(reader, permission, [id]);
    return file?.deletedAt === null ? file : this.refuse(reader, permission, id, file);
  }

  /** What is quick to know of a file that is to be looked at. Throws like {@link requireCurrent}. */
  async glance(reader: Reader, id: string): Promise<FileGlance> {
    const [file] = await this.files.glances(reader, 'read', [id]);
    if (file?.deletedAt !== null) return this.refuse(reader, 'read', id, file);
    assertNotExpired(file, this.clock.now());
    return file;
  }

  private async refuse(
    reader: Reader,
    permission: Permission,
    id: string,
    tombstone: FileGlance | undefined,
  ): Promise<never> {
    if (tombstone !== undefined) throw new AppError('GONE', 'The file has expired.');
    if (permission !== 'read' && (await this.files.permitted(reader, 'read', [id])).length > 0) {
      throw new AppError('FORBIDDEN', 'Only its owner may do this with the file.');
    }
    if ((await this.pending?.statusOf(id, reader.userId)) === 'pending') {
      throw new AppError('FILE_NOT_READY', 'The file is still being received or encrypted.', {
        retryAfterSeconds: RETRY_SECONDS,
      });
    }
    throw AppError.notFound();
  }

  /** The file to look at, or to change. Throws like {@link require}, and `GONE` for a file whose time is over. */
  async requireCurrent(reader: Reader, permission: Permission, id: string): Promise<FileRecord> {
    const file = await this.require(reader, permission, id);
    assertNotExpired(file, this.clock.now());
    return file;
  }

  /** The file to take the bytes of. Throws like {@link require}, and `GONE` when they may not be had any more. */
  async requireObtainable(reader: Reader, permission: Permission, id: string): Promise<FileRecord> {
    const file = await this.require(reader, permission, id);
    assertObtainable(file, reader, this.clock.now());
    return file;
  }
}
