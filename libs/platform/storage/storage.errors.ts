import { AppError } from '@waybill/core/kernel';

/**
 * There is no object under the key. Its code is `INTEGRITY_FAILURE`, because a row that names missing bytes is exactly
 * that, and must not pass for a polite 404; whoever can explain the absence (a deletion that won the race) catches the class.
 */
export class ObjectMissing extends AppError {
  constructor(cause?: unknown) {
    super('INTEGRITY_FAILURE', 'The stored bytes are missing.', { cause });
  }
}

/** The key is taken. Keys are made fresh for every write, so this is a defect of the caller, not an answer to anybody. */
export class ObjectExists extends AppError {
  constructor(cause?: unknown) {
    super('INTERNAL', 'An object of that key exists already.', { cause });
  }
}

/** The object ends before the bytes that were asked for. */
export class ObjectTruncated extends AppError {
  constructor() {
    super('INTEGRITY_FAILURE', 'The stored bytes end too early.');
  }
}
