import { ERRORS } from '@tus/server';
import { AppError, isAppError, type ErrorCode } from '@waybill/core/kernel';

const VERSION = { 'Tus-Version': '1.0.0' };

/** What @tus/server throws, in our words. Everything else it throws is ours, or unknown. */
const KNOWN = new Map<object, readonly [code: ErrorCode, detail: string, header?: string]>([
  [ERRORS.MISSING_OFFSET, ['VALIDATION_FAILED', 'Upload-Offset is required.', 'Upload-Offset']],
  [
    ERRORS.INVALID_CONTENT_TYPE,
    ['UNSUPPORTED_FILE_TYPE', 'The body must be application/offset+octet-stream.'],
  ],
  [ERRORS.FILE_NOT_FOUND, ['NOT_FOUND', AppError.notFound().message]],
  [
    ERRORS.INVALID_OFFSET,
    ['OFFSET_MISMATCH', 'The upload has another offset. Ask for it, and go on from there.'],
  ],
  [ERRORS.ERR_SIZE_EXCEEDED, ['FILE_TOO_LARGE', 'There are more bytes than this upload may have.']],
  [ERRORS.ERR_MAX_SIZE_EXCEEDED, ['FILE_TOO_LARGE', 'The file is larger than what is allowed here.']],
  [
    ERRORS.INVALID_LENGTH,
    [
      'VALIDATION_FAILED',
      'An upload has a length: said at once, or deferred and said later, once.',
      'Upload-Length',
    ],
  ],
  [ERRORS.INVALID_METADATA, ['VALIDATION_FAILED', 'The upload metadata is not valid.', 'Upload-Metadata']],
  [
    ERRORS.UNSUPPORTED_CONCATENATION_EXTENSION,
    ['VALIDATION_FAILED', 'Uploads are not put together from others here.', 'Upload-Concat'],
  ],
]);

/** The problem to answer with for what was thrown inside of @tus/server. */
export function refusalOf(thrown: unknown): unknown {
  if (isAppError(thrown)) return thrown;
  const known = typeof thrown === 'object' && thrown !== null ? KNOWN.get(thrown) : undefined;
  if (!known) return thrown;
  const [code, detail, header] = known;
  return new AppError(code, detail, {
    errors: header ? [{ pointer: header, detail }] : undefined,
    cause: thrown,
  });
}

/** The problem to answer with where @tus/server has refused headers by an answer of its own. */
export async function refusalIn(answer: Response): Promise<AppError> {
  if (answer.status === 412) return wrongVersion();
  const [, names = ''] = /^Invalid (.*)\n?$/.exec(await answer.text()) ?? [];
  const headers = names.split(' ').filter((name) => name !== '');
  if (headers.includes('tus-resumable')) return wrongVersion();
  if (headers.includes('content-type')) return refusalOf(ERRORS.INVALID_CONTENT_TYPE) as AppError;
  return new AppError('VALIDATION_FAILED', 'The request is not what tus 1.0.0 asks for.', {
    errors: headers.map((name) => ({ pointer: canonical(name), detail: 'has a value that it cannot have' })),
  });
}

function wrongVersion(): AppError {
  return new AppError('PRECONDITION_FAILED', 'Tus-Resumable must be 1.0.0.', { headers: VERSION });
}

function canonical(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}
