import type { IncomingMessage } from 'node:http';
import type { UserPrincipal } from '@waybill/core/kernel';

/** A person as access rules see them when there is no session to speak of: a link that names a user, a job. */
export type AccountPrincipal = Omit<UserPrincipal, 'sessionId' | 'apiKey'>;

/**
 * Who somebody is right now, for routes that no guard has asked. Authentication provides it globally
 * (`{ provide: PrincipalSource, useClass: … }`), so that a feature that is handed a user's id out of a token can ask on
 * fresh rows what that user may, without knowing accounts.
 */
export abstract class PrincipalSource {
  /** The user of that id; null when there is none (any more), or the account is disabled. */
  abstract byUserId(userId: string): Promise<AccountPrincipal | null>;

  /** Who sent this request, by its `Authorization` header; null when that has no valid credential of a person. */
  abstract byRequest(request: IncomingMessage): Promise<UserPrincipal | null>;

  /**
   * Who these are right now, in their order, by the session or the key that each came with; null for whom it has ended,
   * or whose account is disabled.
   */
  abstract renew(principals: readonly UserPrincipal[]): Promise<(UserPrincipal | null)[]>;
}
