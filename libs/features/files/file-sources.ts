import { Injectable, Logger } from '@nestjs/common';
import type { ByteRange } from '@waybill/core/crypto';
import { AppError, isAppError } from '@waybill/core/kernel';
import { ObjectMissing } from '@waybill/platform/storage';
import { FileRepository, type FileRecord } from './file.repository';
import { FilesService } from './files.service';
import { RangeSender, VaultReader, type ByteSource, type SealedFile, type VaultObject } from './vault';

/** Opens the bytes of files to be sent, and remembers where they were found damaged. */
@Injectable()
export class FileSources {
  private readonly log = new Logger(FileSources.name);

  constructor(
    private readonly vault: VaultReader,
    private readonly sender: RangeSender,
    private readonly files: FilesService,
    private readonly catalogue: FileRepository,
  ) {}

  /** @throws AppError what the vault throws; `NOT_FOUND` when the file was deleted a moment ago. So does `next`. */
  async open(file: FileRecord, range: ByteRange): Promise<ByteSource> {
    const object = await this.explained(file, async () => this.vault.open(sealed(file), range));
    return new FileSource(object, object.read(range, this.sender.pool), (work) => this.explained(file, work));
  }

  private async explained<T>(file: FileRecord, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw await this.explain(file, error);
    }
  }

  /** What a failure means, and what follows from it: the file is damaged, or was deleted a moment ago. */
  private async explain(file: FileRecord, error: unknown): Promise<unknown> {
    if (!isAppError(error, 'INTEGRITY_FAILURE')) return error;
    try {
      // Missing bytes may come back, with a volume that was not mounted; changed ones never turn right again.
      if (!(error instanceof ObjectMissing)) await this.files.markCorrupt(file);
      return (await this.catalogue.isLive(file.id)) ? error : AppError.notFound();
    } catch (failure) {
      this.log.error(`File ${file.id} is damaged, and that could not be recorded`, failure);
      return error;
    }
  }
}

class FileSource implements ByteSource {
  constructor(
    private readonly object: VaultObject,
    private readonly feed: ByteSource,
    private readonly explained: <T>(work: () => Promise<T>) => Promise<T>,
  ) {}

  get exhausted(): boolean {
    return this.feed.exhausted;
  }

  next(): Promise<Buffer[] | null> {
    return this.explained(() => this.feed.next());
  }

  async close(): Promise<void> {
    await this.feed.close();
    await this.object.close();
  }
}

function sealed(file: FileRecord): SealedFile {
  const { wrappedDek, driver } = file;
  if (wrappedDek === null || driver === null) throw new ObjectMissing();
  return { ...file, wrappedDek, driver };
}
