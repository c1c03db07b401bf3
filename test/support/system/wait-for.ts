import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks again until the answer is there, and says what was waited for when it never comes. For what can only be looked
 * at; what can be listened to should be listened to.
 */
export async function waitFor<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  { timeoutMs = 30_000, everyMs = 25 } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}.`);
    await delay(everyMs);
  }
}
