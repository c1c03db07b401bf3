import { passwordProblem } from '@waybill/core/crypto';
import { AppError } from '@waybill/core/kernel';
import { COMMON_PASSWORDS } from './common-passwords';

/** Refuses a new password that cannot be taken, with `VALIDATION_FAILED` on the field it came in. */
export function requireAcceptablePassword(password: string, pointer = '/password'): void {
  const problem = passwordProblem(password, COMMON_PASSWORDS);
  if (problem !== null) {
    throw new AppError('VALIDATION_FAILED', 'The password cannot be taken.', {
      errors: [{ pointer, detail: problem }],
    });
  }
}
