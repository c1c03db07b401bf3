import { isDeepStrictEqual } from 'node:util';

const MAX_LOOKS = 5;

/**
 * Judges something that may change while it is looked at. What is found counts only if the rows that it was held
 * against are the same afterwards: then they were true all the while, for rows tell of bytes only after these are
 * durable and are withdrawn before these go. Otherwise it looks again, at the new rows.
 *
 * @param reread the rows as they are now; null when the thing is gone, which is no finding.
 * @returns what was found; nothing also when the rows changed under every look, as only living things do.
 */
export async function settled<Facts, Found>(
  first: Facts,
  reread: () => Promise<Facts | null>,
  look: (facts: Facts) => Promise<Found[]>,
): Promise<Found[]> {
  let facts: Facts | null = first;
  for (let looks = 0; facts !== null && looks < MAX_LOOKS; looks++) {
    const found = await look(facts);
    if (found.length === 0) return found;
    const now = await reread();
    if (isDeepStrictEqual(now, facts)) return found;
    facts = now;
  }
  return [];
}
