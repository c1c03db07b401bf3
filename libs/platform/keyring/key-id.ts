import { randomBytes } from '@waybill/core/crypto';

/** A name for a new key: the day, for people, and enough chance that no two are the same. */
export function newKeyId(now: Date): string {
  return `${now.toISOString().slice(0, 10)}-${randomBytes(4).toString('hex')}`;
}
