const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const IMF_FIXDATE = /^[a-z]{3}, (?<day>\d\d) (?<month>[a-z]{3}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) gmt$/i;
const RFC_850 = /^[a-z]{6,9}, (?<day>\d\d)-(?<month>[a-z]{3})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) gmt$/i;
const ASCTIME = /^[a-z]{3} (?<month>[a-z]{3}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/i;

/**
 * Parses an HTTP-date in any of its three forms (RFC 9110, section 5.6.7); null where it is none. `Date.parse` would
 * take almost anything for a date.
 *
 * @returns seconds since the epoch, the precision of HTTP
 */
export function parseHttpDate(text: string, now = new Date()): number | null {
  const groups = (IMF_FIXDATE.exec(text) ?? RFC_850.exec(text) ?? ASCTIME.exec(text))?.groups;
  if (!groups) return null;

  const month = MONTHS.indexOf(groups['month']!.toLowerCase());
  const day = Number(groups['day']);
  const [hour, minute, second] = groups['time']!.split(':').map(Number) as [number, number, number];
  if (month === -1 || hour > 23 || minute > 59 || second > 60) return null;

  const year = groups['year']!.length === 2 ? nearYear(Number(groups['year']), now) : Number(groups['year']);
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  if (date.getUTCDate() !== day) return null;
  return date.setUTCHours(hour, minute, second) / 1000;
}

/** Two digits that seem more than 50 years ahead are the most recent year in the past with them. */
function nearYear(digits: number, now: Date): number {
  const thisYear = now.getUTCFullYear();
  const year = thisYear - (thisYear % 100) + digits;
  return year > thisYear + 50 ? year - 100 : year;
}
