import type { Role } from '@waybill/core/kernel';

/** Whether somebody of that role may offer accounts of this one. The database asks the same when an offer is taken. */
export function mayInvite(inviter: Role, role: Role): boolean {
  return inviter === 'admin' || (inviter === 'ops' && role === 'client');
}
