import { uuidv7 } from '@waybill/core/kernel';
import type { AuditLogRepository } from '@waybill/platform/audit';

/** What operators do with the installation itself. */
export type OperatorAction = 'keyring.prepared' | 'keyring.rotated' | 'keyring.retired' | 'sweep.resumed';

/** Puts a deed on record, by nobody: operators have no accounts here. Committed when it resolves. */
export async function recordDeed(
  audit: AuditLogRepository,
  action: OperatorAction,
  data: Record<string, string | number | null>,
): Promise<void> {
  const nobody = { code: null, actorId: null, objectId: null, address: null, requestId: null };
  await audit.insert([
    { ...nobody, id: uuidv7(), at: new Date(), action, outcome: 'allowed', times: 1, data },
  ]);
}
