import { laterOf, type LiveRecord } from './live-record';

/** So long a word is good that nobody has repeated: as long as a transfer may be silent before it counts as dead. */
const KEPT_MS = 30_000;
const LARGEST = 5_000;

/**
 * What this process was last told, so that whoever asks it does not hear less than a moment ago because Redis was
 * emptied, or is away. Bounded: the longest untouched is forgotten.
 */
export class LiveMemory {
  private readonly records = new Map<string, { record: LiveRecord; at: number }>();

  /** Takes a word in, and answers the later one of what is known of that run. */
  learn(uploadId: string, said: LiveRecord): LiveRecord {
    const record = laterOf(this.records.get(uploadId)?.record, said);
    this.records.delete(uploadId);
    this.records.set(uploadId, { record, at: performance.now() });
    if (this.records.size > LARGEST) this.records.delete(this.records.keys().next().value!);
    return record;
  }

  /** What was said not long ago; the speed of then is not the speed of now. */
  recall(uploadId: string): LiveRecord | null {
    const known = this.records.get(uploadId);
    if (known === undefined || performance.now() - known.at > KEPT_MS) return null;
    return { ...known.record, speed: null };
  }
}
