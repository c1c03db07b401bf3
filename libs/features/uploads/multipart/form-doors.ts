import { Injectable } from '@nestjs/common';
import { wipe } from '@waybill/core/crypto';
import { AppError, Clock, type Principal } from '@waybill/core/kernel';
import { parseFileAttributes, type FileAttributes } from '@waybill/features/files';
import { AppConfig } from '@waybill/platform/config';
import type { Tx } from '@waybill/platform/database';
import { classify } from '@waybill/platform/http';
import type { FilePartInfo } from '@waybill/platform/http/multipart';
import { RunningTransfers } from '../running-transfers';
import {
  isMediaKind,
  MEDIA_KINDS,
  UploadPolicies,
  type AcceptedFile,
  type MediaKind,
  type UploadCategory,
} from '../upload-policies';
import { UploadEndings } from '../upload-endings.service';
import { UploadsService, type OpenUpload } from '../upload.service';
import { ValidationService } from '../validation.service';
import type { ContentReader, Declaration } from '../validation';
import { WholeUploads } from '../whole/whole-uploads.service';
import type { FormDoor, FormField } from './multipart-reception';

/** What a caller brings to a door, beside the form. */
export interface FormCaller {
  principal: Principal;
  /** The id that he has chosen for the upload beforehand. */
  uploadId: string | null;
  /** What else becomes true in the transaction that makes the upload `received`, or keeps it from that. */
  together?: (tx: Tx, uploadId: string) => Promise<void>;
}

type AcceptedDescription = Omit<AcceptedFile, 'maxBytes'> & { door: 'media' | 'multipart' };

/** Forms of so many bytes are taken at once, where they come at once. With all uploads of an instance it bounds what that keeps. */
const WHOLE_BYTES = 64 * 1024;

/** Says what a medium is; everything else in a form describes its file. */
const MEDIA_KIND_FIELD = 'fileType';

/** The doors that take one file in a multipart form: one for documents, one for media. */
@Injectable()
export class FormDoors {
  constructor(
    private readonly uploads: UploadsService,
    private readonly endings: UploadEndings,
    private readonly whole: WholeUploads,
    private readonly validation: ValidationService,
    private readonly running: RunningTransfers,
    private readonly policies: UploadPolicies,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /** The door of a category as one caller meets it. */
  open(category: UploadCategory, caller: FormCaller): FormDoor {
    return {
      maxBytes: this.policies.maxBytes(category),
      idleMs: this.config.uploads.idleMs,
      admit: (leastBytes) => this.uploads.requireRoom(caller.principal, leastBytes),
      begin: (file, estimatedBytes, fields) => {
        const accepted = this.judge(category, declarationOf(file), fields);
        return this.begin(caller, accepted, estimatedBytes);
      },
      whole: this.wholeDoor(category, caller),
      write: (upload, on) => this.uploads.write(upload, 0, on),
      finish: async (upload, writer, file, fields) => {
        const { fileType, attributes } = this.judgeAll(category, file, fields);
        await writer.end((last) =>
          this.uploads.receive(upload, last, { attributes, fileType }, caller.together),
        );
      },
      fail: async (upload, failureCode) => void (await this.endings.fail(upload.uploadId, failureCode)),
      stoppable: (upload, stop) => this.running.add(upload.uploadId, stop),
    };
  }

  /**
   * Not where the caller follows the upload by an id of his own, or something else is to become true with it: then it
   * takes its steps one by one.
   */
  private wholeDoor(category: UploadCategory, caller: FormCaller): FormDoor['whole'] {
    if (caller.uploadId !== null || caller.together) return undefined;
    return {
      maxBytes: WHOLE_BYTES,
      take: async (file, content, fields) => {
        const accepted = this.judge(category, declarationOf(file), fields);
        try {
          const { fileType, attributes } = this.judgeAll(category, file, fields);
          await this.validation.check(accepted.extension, contentOf(content));
          const whole = { ...describe(accepted), fileType, attributes };
          return await this.whole.receive(caller.principal, whole, content);
        } catch (error) {
          await this.recordRefusal(caller, accepted, error);
          throw error;
        }
      },
    };
  }

  /** What was refused after its name had been accepted can be looked up, like any other upload that failed. */
  private async recordRefusal(caller: FormCaller, accepted: AcceptedFile, error: unknown): Promise<void> {
    const { uploadId, dek } = await this.begin(caller, accepted, null);
    wipe(dek);
    await this.endings.fail(uploadId, classify(error).error.code);
  }

  /** A field that decides what is taken may stand behind the file. */
  private judgeAll(
    category: UploadCategory,
    file: FilePartInfo,
    fields: readonly FormField[],
  ): { fileType: MediaKind | null; attributes: FileAttributes } {
    const { fileType } = this.judge(category, declarationOf(file), fields, 'all fields');
    const attributes = parseFileAttributes(attributeFields(category, fields), this.clock.now(), category);
    return { fileType, attributes };
  }

  /** @param seen whether a medium that was not said to be anything may still be, by a field that comes later. */
  private judge(
    category: UploadCategory,
    file: Declaration,
    fields: readonly FormField[],
    seen: 'some fields' | 'all fields' = 'some fields',
  ): AcceptedFile {
    if (category === 'document') return this.policies.accept({ ...file, category, mediaKind: null });
    const mediaKind = mediaKindOf(fields);
    if (mediaKind !== null) return this.policies.accept({ ...file, category, mediaKind });
    if (seen === 'all fields') throw wrongMediaKind('is required');
    return this.policies.acceptAnyMedia(file);
  }

  private begin(
    { principal, uploadId }: FormCaller,
    accepted: AcceptedFile,
    estimatedBytes: number | null,
  ): Promise<OpenUpload> {
    const described = { ...describe(accepted), attributes: {}, totalBytes: estimatedBytes };
    return this.uploads.begin(principal, { ...described, uploadId });
  }
}

/** What the row of an upload says of an accepted file. */
function describe(file: AcceptedFile): AcceptedDescription {
  const { maxBytes: _, ...accepted } = file;
  return { ...accepted, door: accepted.category === 'media' ? 'media' : 'multipart' };
}

function contentOf(chunks: readonly Buffer[]): ContentReader {
  const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  return {
    size: bytes.length,
    read: async (position, length) => bytes.subarray(position, position + length),
  };
}

function declarationOf(file: FilePartInfo): Declaration {
  return { fileName: file.fileName, declaredType: file.contentType, declaredSize: null };
}

function attributeFields(category: UploadCategory, fields: readonly FormField[]): readonly FormField[] {
  return category === 'media' ? fields.filter(([name]) => name !== MEDIA_KIND_FIELD) : fields;
}

/** Null where nothing is said: an input that was left empty is sent as an empty text. */
function mediaKindOf(fields: readonly FormField[]): MediaKind | null {
  const said = fields.filter(([name]) => name === MEDIA_KIND_FIELD);
  if (said.length > 1) throw wrongMediaKind('must be there once');
  const value = said[0]?.[1].trim() ?? '';
  if (value === '') return null;
  if (isMediaKind(value)) return value;
  throw wrongMediaKind(`must be one of ${MEDIA_KINDS.join(', ')}`);
}

function wrongMediaKind(detail: string): AppError {
  return new AppError('VALIDATION_FAILED', 'It must be said what the medium is.', {
    errors: [{ pointer: MEDIA_KIND_FIELD, detail }],
  });
}
