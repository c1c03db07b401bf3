export const PASSWORD_MIN_CHARACTERS = 8;
export const PASSWORD_MAX_CHARACTERS = 128;

/** What tells a common password: a `Set` in lower case, or anything with a `has`. */
export type CommonPasswords = Pick<ReadonlySet<string>, 'has'>;

/**
 * Why a password cannot be taken, in words for the person who chose it, or null. Length and commonness are all that is
 * asked (NIST SP 800-63B, 5.1.1.2; ASVS 6.2): no composition rules, spaces stay, and a code point is one character, however many
 * bytes it has.
 */
export function passwordProblem(password: string, common?: CommonPasswords): string | null {
  // First by code units, of which a code point has at most two, so that a megabyte costs nothing.
  if (password.length > PASSWORD_MAX_CHARACTERS * 2) return TOO_LONG;
  const characters = Array.from(password).length;
  if (characters < PASSWORD_MIN_CHARACTERS) return TOO_SHORT;
  if (characters > PASSWORD_MAX_CHARACTERS) return TOO_LONG;
  if (password.includes('\0')) return 'The password cannot contain a NUL character.';
  // Lone surrogates all become U+FFFD in UTF-8: different passwords would hash alike.
  if (/\p{Surrogate}/u.test(password)) return 'The password contains a broken character.';
  if (common !== undefined && (common.has(password) || common.has(password.toLowerCase()))) {
    return 'This password is too common: it is among the first that are tried.';
  }
  return null;
}

const TOO_SHORT = `The password needs at least ${PASSWORD_MIN_CHARACTERS} characters.`;
const TOO_LONG = `The password can have at most ${PASSWORD_MAX_CHARACTERS} characters.`;
