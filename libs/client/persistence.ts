import { isProblem, UnexpectedAnswer, type ErrorCode } from './problem-error';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
const TRIES = 40;

export interface PersistenceOptions {
  /** How often in a row it is tried in vain; 40 by default, which takes about five minutes. */
  tries?: number;
  /** Told when the service could not be reached or was busy, before it is tried again. */
  onRetry?: (error: unknown, milliseconds: number) => void;
  signal?: AbortSignal;
}

/** Tries again what has failed for a reason that passes: a network that broke, a service that restarts or is busy. */
export class Persistence {
  private failures = 0;

  constructor(private readonly options: PersistenceOptions) {}

  /** @throws what `attempt` threw, when that does not pass or has not for too long; the signal's reason when aborted. */
  async of<T>(attempt: () => Promise<T>): Promise<T> {
    const { tries = TRIES, signal, onRetry } = this.options;
    for (;;) {
      signal?.throwIfAborted();
      try {
        return await attempt();
      } catch (error) {
        signal?.throwIfAborted();
        if (++this.failures >= tries || !passes(error)) throw error;
        const pause = pauseAfter(error, this.failures);
        onRetry?.(error, pause);
        await sleep(pause, signal);
      }
    }
  }

  /** Something got through: what fails now fails for the first time. */
  succeeded(): void {
    this.failures = 0;
  }
}

const PASSING = new Set<ErrorCode>([
  'OFFSET_MISMATCH',
  'UPLOAD_LOCKED',
  'REQUEST_IN_PROGRESS',
  'RATE_LIMITED',
]);
const LASTING = new Set<ErrorCode>(['STORAGE_FULL', 'INTEGRITY_FAILURE']);

function passes(error: unknown): boolean {
  if (isProblem(error)) {
    return error.status >= 500 ? !LASTING.has(error.code) : PASSING.has(error.code);
  }
  // An answer to HEAD has no body that would say more.
  if (error instanceof UnexpectedAnswer) return error.status >= 500 || [423, 429].includes(error.status);
  return error instanceof TypeError; // what fetch throws when there was no answer
}

/** As the service asks; otherwise longer each time, and never in step with others. */
function pauseAfter(error: unknown, failures: number): number {
  if (isProblem(error) && error.retryAfterSeconds !== null) return error.retryAfterSeconds * 1000;
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
  return longest * (0.5 + Math.random() / 2);
}

/** Rejects with the signal's reason when aborted. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
