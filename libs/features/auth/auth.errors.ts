import { AppError } from '@waybill/core/kernel';

export const emailTaken = (): AppError =>
  new AppError('EMAIL_TAKEN', 'There is an account with this e-mail address.');

/** Unknown address, wrong password, disabled account: the answer is one. */
export const invalidCredentials = (): AppError =>
  new AppError('INVALID_CREDENTIALS', 'The e-mail address or the password is wrong.');

/** No credential, or none that is good here (RFC 6750, section 3, for the header). */
export const unauthenticated = (): AppError =>
  new AppError('UNAUTHENTICATED', 'A valid credential is needed.', {
    headers: { 'WWW-Authenticate': 'Bearer realm="waybill"' },
  });

/** A link of a mail that does not work, whatever is wrong with it. */
export const invalidToken = (): AppError =>
  new AppError('INVALID_TOKEN', 'The link is not valid, was used already, or has expired.');
