const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const MIB = 1024 * 1024;

/** `1.3 GiB`. */
export function bytesInWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** MiB a second; 0 while no time has passed. */
export function mebibytesPerSecond(bytes: number, seconds: number): number {
  return seconds > 0 ? Math.round(bytes / MIB / seconds) : 0;
}

/** `1 file`, `2 files`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
