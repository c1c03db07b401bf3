import { Injectable, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { ByteRange } from '@waybill/core/crypto';
import { AppError, isAppError } from '@waybill/core/kernel';
import { ObjectMissing } from '@waybill/platform/storage';
import { answerBytes } from './file-bytes';
import { assertSound, owns, type Reader } from './file.policy';
import { FileRepository, type FileRecord } from './file.repository';
import { FilesService } from './files.service';
import { RangeSender, VaultReader, type SealedFile, type SendOutcome } from './vault';

/** Hands out the bytes of files to whoever was found to have access to them. */
@Injectable()
export class DownloadService {
  private readonly log = new Logger(DownloadService.name);

  constructor(
    private readonly vault: VaultReader,
    private readonly sender: RangeSender,
    private readonly files: FilesService,
    private readonly catalogue: FileRepository,
  ) {}

  /**
   * Answers a GET or HEAD for a file's bytes, up to the end of the transfer.
   *
   * @throws AppError what the conditions or the vault refuse with. When the answer had begun, its connection
   * was destroyed before.
   */
  async answer(request: Request, response: Response, file: FileRecord, reader: Reader): Promise<void> {
    assertSound(file);
    const { status, headers, range } = answerBytes(request.method, request.headers, file);
    const begin = (): void => {
      response.statusCode = status;
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    };
    if (range === null) {
      begin();
      response.end();
      return;
    }
    const outcome = await this.send(response, file, range, begin);
    const whole = range.start === 0 && range.end === file.size;
    if (outcome === 'complete' && whole && !owns(reader, file)) await this.announce(file, reader.userId);
  }

  private async send(
    response: Response,
    file: FileRecord,
    range: ByteRange,
    begin: () => void,
  ): Promise<SendOutcome> {
    try {
      const object = await this.vault.open(sealed(file), range);
      try {
        return await this.sender.send(response, object, range, begin);
      } finally {
        await object.close();
      }
    } catch (error) {
      const answer = await this.explain(file, error);
      // Nothing can be said to the client any more, so it is said here.
      if (response.headersSent) this.log.error(`The download of file ${file.id} was broken off`, error);
      throw answer;
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

  private async announce(file: FileRecord, userId: string): Promise<void> {
    try {
      await this.files.noteDownload(file, userId);
    } catch (error) {
      this.log.error(`The download of file ${file.id} could not be announced`, error);
    }
  }
}

function sealed(file: FileRecord): SealedFile {
  const { wrappedDek, driver } = file;
  if (wrappedDek === null || driver === null) throw new ObjectMissing();
  return { ...file, wrappedDek, driver };
}
