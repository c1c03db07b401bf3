import { AppError } from '@waybill/core/kernel';

/** The body is not what RFC 7578 describes. `pointer` names the part where it can be told. */
export function malformed(detail: string, cause?: unknown, pointer?: string): AppError {
  const errors = pointer === undefined ? undefined : [{ pointer, detail }];
  return new AppError('MALFORMED_BODY', detail, { cause, errors });
}

/** The body is well formed, but holds more than is accepted. `pointer` names the part, or is empty for the body. */
export function refused(pointer: string, detail: string): AppError {
  return new AppError('VALIDATION_FAILED', detail, { errors: [{ pointer, detail }] });
}
