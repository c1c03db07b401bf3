const UNITS = ['kB', 'MB', 'GB', 'TB'];

/** A size for people: `512 bytes`, `1.4 MB`. Decimal, as systems show what they download. */
export function sizeInWords(bytes: number): string {
  if (bytes < 1000) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

/** A time for people, to the minute, on one line of a phone: `27 Nov 2026, 17:20 UTC`. */
export function timeInWords(time: Date): string {
  return `${DATE.format(time)} UTC`;
}

/** How long that is: `in 6 days`, `in 3 hours`, `in 12 minutes`. */
export function untilInWords(time: Date, now: Date): string {
  const minutes = Math.max(1, Math.round((time.getTime() - now.getTime()) / 60_000));
  if (minutes < 120) return minutes === 1 ? 'in a minute' : `in ${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `in ${hours} hours` : `in ${Math.round(hours / 24)} days`;
}

/** How many downloads are left. */
export function remainingInWords(remaining: number): string {
  return remaining === 1 ? 'once more' : `${remaining} more times`;
}
