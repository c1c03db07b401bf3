import { Injectable } from '@nestjs/common';
import { AppError, Clock, type Principal } from '@waybill/core/kernel';
import { parseFileAttributes } from '@waybill/features/files';
import { AppConfig } from '@waybill/platform/config';
import type { Tx } from '@waybill/platform/database';
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
import { UploadRepository } from '../upload.repository';
import { UploadsService, type OpenUpload } from '../upload.service';
import type { Declaration } from '../validation';
import type { FormDoor, FormField } from './multipart-reception';

/** What a caller brings to a door, beside the form. */
export interface FormCaller {
  principal: Principal;
  /** The id that he has chosen for the upload beforehand. */
  uploadId: string | null;
  /** What else becomes true in the transaction that makes the upload `received`, or keeps it from that. */
  together?: (tx: Tx, uploadId: string) => Promise<void>;
}

/** Says what a medium is; everything else in a form describes its file. */
const MEDIA_KIND_FIELD = 'fileType';

/** The doors that take one file in a multipart form: one for documents, one for media. */
@Injectable()
export class FormDoors {
  constructor(
    private readonly uploads: UploadsService,
    private readonly repository: UploadRepository,
    private readonly running: RunningTransfers,
    private readonly policies: UploadPolicies,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /** The door of a category as one caller meets it. */
  open(category: UploadCategory, caller: FormCaller): FormDoor {
    /** What the upload's row says. */
    let recorded: MediaKind | null = null;
    return {
      maxBytes: this.policies.maxBytes(category),
      idleMs: this.config.uploads.idleMs,
      admit: (leastBytes) => this.uploads.requireRoom(caller.principal, leastBytes),
      begin: (file, estimatedBytes, fields) => {
        const accepted = this.judge(category, declarationOf(file), fields);
        recorded = accepted.fileType;
        return this.begin(caller, accepted, estimatedBytes);
      },
      write: (upload, on) => this.uploads.write(upload, 0, on),
      finish: async (upload, writer, file, fields) => {
        // A field that decides what is taken may stand behind the file.
        const { fileType } = this.judge(category, declarationOf(file), fields, 'all fields');
        const attributes = parseFileAttributes(attributeFields(category, fields), this.clock.now(), category);
        await writer.end((last) =>
          this.uploads.receive(upload, last, attributes, async (tx, uploadId) => {
            if (fileType !== null && fileType !== recorded)
              await this.repository.setFileType(tx, uploadId, fileType);
            await caller.together?.(tx, uploadId);
          }),
        );
      },
      fail: async (upload, failureCode) => void (await this.uploads.fail(upload.uploadId, failureCode)),
      stoppable: (upload, stop) => this.running.add(upload.uploadId, stop),
    };
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
    return this.uploads.begin(principal, {
      fileName: accepted.fileName,
      extension: accepted.extension,
      mediaType: accepted.mediaType,
      category: accepted.category,
      fileType: accepted.fileType,
      uploadId,
      door: accepted.category === 'media' ? 'media' : 'multipart',
      attributes: {},
      totalBytes: estimatedBytes,
    });
  }
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
