import type { UserPrincipal } from '@waybill/core/kernel';

/** A person as access rules see them when there is no session to speak of: a link that names a user, a job. */
export type AccountPrincipal = Omit<UserPrincipal, 'sessionId'>;

/**
 * Who a user is right now. Authentication provides it (`{ provide: PrincipalSource, useClass: … }`), so that a feature
 * that is handed a user's id out of a token can ask again what that user may, on fresh rows, without knowing accounts.
 */
export abstract class PrincipalSource {
  /** Null when there is no such user (any more), or the account is disabled. */
  abstract byUserId(userId: string): Promise<AccountPrincipal | null>;
}
