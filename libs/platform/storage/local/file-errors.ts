import { AppError } from '@waybill/core/kernel';

/** The code of a failed system call (errno(3)), or undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('syscall' in error) || !('code' in error))
    return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What a failed system call means to a caller. Paths stay in the cause, which is logged and never answered. */
export function toStorageError(error: unknown): unknown {
  switch (errnoOf(error)) {
    case undefined:
      return error;
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new AppError('STORAGE_FULL', 'The storage is full.', { cause: error });
    default:
      return new AppError('DEPENDENCY_UNAVAILABLE', 'The storage does not answer as it should.', {
        cause: error,
      });
  }
}

/** Runs an operation on files and translates its failure. */
export async function translated<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw toStorageError(error);
  }
}

/** Unlinks a file. Resolves also when there was none. */
export async function unlinkIfThere(
  fs: { unlink(path: string): Promise<void> },
  path: string,
): Promise<void> {
  try {
    await fs.unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
