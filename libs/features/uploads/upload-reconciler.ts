import { Injectable, Logger } from '@nestjs/common';
import { isAppError } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { SealingRepository } from './sealing/sealing.repository';
import { SealingRequests } from './sealing/sealing-requests';
import { UploadEndings } from './upload-endings.service';
import { UploadsService } from './upload.service';
import { ValidationService } from './validation.service';

const BATCH = 500;
/** Each reads a file's content, so few at a time: what waits to be sealed must not wait for them. */
const VALIDATIONS = 20;

/** Finds the uploads that a crash, or a forgetful Redis, has left standing, and sets them going again. */
@Injectable()
export class UploadReconciler {
  private readonly log = new Logger(UploadReconciler.name);

  constructor(
    private readonly sealings: SealingRepository,
    private readonly uploads: UploadsService,
    private readonly endings: UploadEndings,
    private readonly validation: ValidationService,
    private readonly requests: SealingRequests,
    private readonly config: AppConfig,
  ) {}

  /** Idempotent; what is under way in a living process is left alone. */
  async run(): Promise<void> {
    for (const id of await this.sealings.interrupted(BATCH)) await this.endings.interrupt(id);
    const { resumeMs } = this.config.uploads;
    for (const id of await this.sealings.expired(BATCH, resumeMs)) await this.endings.expire(id);
    await this.endings.abandonDeparted(BATCH);
    for (const id of await this.sealings.unreceived(BATCH)) await this.receive(id);
    const unvalidated = await this.sealings.takeUnvalidated(VALIDATIONS, this.config.leaseMs);
    for (const id of unvalidated) await this.revalidate(id);
    const due = await this.sealings.due(BATCH);
    await Promise.all(due.map((upload) => this.requests.ask(upload)));
  }

  /** Its owner may be somebody by now who may not upload any more: then it waits until it expires. */
  private async receive(uploadId: string): Promise<void> {
    try {
      await this.uploads.receiveLate(uploadId);
    } catch (error) {
      this.log.warn(`Upload ${uploadId} was not received: ${(error as Error).message}`);
    }
  }

  /** A refusal has ended the upload. Whatever else went wrong is tried again later, and must not stop the others. */
  private async revalidate(uploadId: string): Promise<void> {
    try {
      await this.validation.validate(uploadId);
    } catch (error) {
      if (isAppError(error)) this.log.warn(`Upload ${uploadId} was validated late: ${error.code}`);
      else this.log.error(`Upload ${uploadId} could not be validated`, (error as Error).stack);
    }
  }
}
