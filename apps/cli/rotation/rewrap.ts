import { isAppError } from '@waybill/core/kernel';
import type { Keyring, WrappedDek } from '@waybill/platform/keyring';
import { KEY_HOMES, type KeyHome, type WrappedKey, type WrappedKeys } from './wrapped-keys';

const BATCH = 500;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

export interface Rewrapped {
  rewrapped: number;
  /** What could not be opened, and stays as it is. */
  failed: { home: KeyHome; id: string; reason: string }[];
}

/**
 * Puts every data key under the primary KEK, a batch at a time, while everything runs. It may be ended at any moment: each
 * row is under one KEK or the other, and both are in the keyring; another run goes on where this one was.
 *
 * @param progress is told how many were rewrapped so far.
 */
export async function rewrapAll(
  keys: WrappedKeys,
  keyring: Keyring,
  progress: (rewrapped: number) => void,
): Promise<Rewrapped> {
  const result: Rewrapped = { rewrapped: 0, failed: [] };
  const primary = await keyring.primaryId();
  for (const home of KEY_HOMES) {
    let after = FIRST_ID;
    for (;;) {
      const batch = await keys.under(home, primary, after, BATCH);
      if (batch.length === 0) break;
      after = batch.at(-1)!.context.id;
      const changes: { from: WrappedKey; to: WrappedDek }[] = [];
      for (const from of batch) {
        try {
          changes.push({ from, to: await keyring.rewrap(from, from.context) });
        } catch (error) {
          // Damaged, or under a key that is not there: that is fsck's to judge, and no reason to leave others behind.
          if (!isAppError(error, 'INTEGRITY_FAILURE', 'KEY_UNAVAILABLE')) throw error;
          result.failed.push({ home, id: from.context.id, reason: error.message });
        }
      }
      result.rewrapped += await keys.replace(home, changes);
      progress(result.rewrapped);
    }
  }
  return result;
}
