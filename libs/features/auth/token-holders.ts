import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '@waybill/core/kernel';
import { hasTokenForm } from './access-token.policy';
import { AccessTokens } from './access-tokens';
import { Principals } from './principals';

/** Somebody who has shown an access token, and until when that is good. */
export interface TokenHolder {
  principal: UserPrincipal;
  expiresAt: Date;
}

/** Who holds an access token that did not come in a request's header: over a socket, say. */
@Injectable()
export class TokenHolders {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly principals: Principals,
  ) {}

  /** Null for whatever is no good access token; API keys and refresh tokens are none. */
  async find(token: unknown): Promise<TokenHolder | null> {
    if (typeof token !== 'string' || !hasTokenForm(token)) return null;
    const session = await this.tokens.verify(token);
    const principal = session && (await this.principals.bySession(session));
    return principal && { principal, expiresAt: this.tokens.expiryOf(token) };
  }
}
