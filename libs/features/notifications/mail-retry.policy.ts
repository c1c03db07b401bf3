const FIRST_SECONDS = 15;
const LONGEST_SECONDS = 60 * 60;
const GIVE_UP_MS = 3 * 24 * 60 * 60 * 1000;

/**
 * Seconds until a mail is tried again after its nth failure: doubling up to an hour, spread by up to a quarter so that
 * the mails of one outage do not all come back at once; null once it is three days old (as mail servers do, RFC 5321,
 * section 4.5.4.1).
 *
 * @param random a number in [0, 1).
 */
export function retryAfterSeconds(attempts: number, ageMs: number, random: number): number | null {
  if (ageMs >= GIVE_UP_MS) return null;
  const seconds = Math.min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** (attempts - 1));
  return seconds * (1 + (random - 0.5) / 2);
}
