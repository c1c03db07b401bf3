import { AppError } from '@waybill/core/kernel';

/** The content, or what was declared of it, is not what the file's name says. `cause` is what a parser threw, if one did. */
export function mismatch(detail: string, cause?: unknown): AppError {
  return new AppError('CONTENT_MISMATCH', detail, { cause });
}

/** The file is, or would become where it is opened, larger than anybody wants. */
export function tooLarge(detail: string): AppError {
  return new AppError('FILE_TOO_LARGE', detail);
}

export function unsupported(detail: string): AppError {
  return new AppError('UNSUPPORTED_FILE_TYPE', detail);
}

/** A declaration that no file could have. `field` names it as the API does. */
export function invalidField(field: string, detail: string): AppError {
  return new AppError('VALIDATION_FAILED', `${field}: ${detail}`, { errors: [{ pointer: field, detail }] });
}
