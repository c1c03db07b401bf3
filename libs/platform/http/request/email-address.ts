import { isEmail } from 'class-validator';

/** The longest address that SMTP can carry (RFC 5321, section 4.5.3.1.3, less the angle brackets). */
export const EMAIL_MAX_LENGTH = 254;

/**
 * Whether a text is an e-mail address that Waybill takes: a plain `local@domain`. Quoted local parts, which may hold
 * spaces and line breaks, are refused; a domain without a dot is fine, for installations inside a network.
 */
export function isEmailAddress(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= EMAIL_MAX_LENGTH &&
    !/["\s\p{C}]/u.test(value) &&
    isEmail(value, { require_tld: false })
  );
}
