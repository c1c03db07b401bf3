/** What is being done for an upload: bytes come in, or what came is sealed. */
export type LivePhase = 'transfer' | 'sealing';

/** What a running transfer, or sealing, last said of itself. Numbers only: it rests in Redis. */
export interface LiveRecord {
  /** Names this one transfer: another one of the same upload may begin lower. */
  run: string;
  phase: LivePhase;
  /** Of the whole upload; those that are not durable yet included. */
  bytes: number;
  /** Bytes a second, of late or at the end; null while that cannot be said. */
  speed: number | null;
  /** When it was said, in milliseconds since 1970. */
  at: number;
  /** It is over: from now on the rows are the truth again. */
  ended: boolean;
}

/** The later word of one run: its end, or else the higher count. Of two runs, the newer. */
export function laterOf(known: LiveRecord | undefined, said: LiveRecord): LiveRecord {
  if (known?.run !== said.run) return said;
  if (known.ended !== said.ended) return known.ended ? known : said;
  return known.bytes > said.bytes ? known : said;
}

export function writeRecord({ run, phase, bytes, speed, at, ended }: LiveRecord): string {
  return JSON.stringify([run, phase, bytes, speed, at, ended]);
}

/** Null for what this version did not write. */
export function readRecord(text: string): LiveRecord | null {
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(parts) || parts.length !== 6) return null;
  const [run, phase, bytes, speed, at, ended] = parts as unknown[];
  if (typeof run !== 'string' || (phase !== 'transfer' && phase !== 'sealing')) return null;
  if (!isCount(bytes) || !isCount(at) || !(speed === null || isCount(speed))) return null;
  return typeof ended === 'boolean' ? { run, phase, bytes, speed, at, ended } : null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
