import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { UserPrincipal } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { Strategy } from 'passport-jwt';
import { sessionNamedBy, type VerifiedToken } from './access-token.policy';
import { verificationOptions } from './access-tokens';
import { bearerToken } from './bearer';
import { Principals } from './principals';

/** Turns an access token into the principal that its session has on this very request. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(
    config: AppConfig,
    private readonly principals: Principals,
  ) {
    const { key, ...options } = verificationOptions(config);
    super({
      ...options,
      // Key objects are taken as they are (a Buffer would be parsed for each request); the types lag behind.
      secretOrKey: key as unknown as Buffer,
      jwtFromRequest: bearerToken,
      jsonWebTokenOptions: { complete: true },
    });
  }

  /** Called with a token whose signature holds; false refuses it. */
  async validate(token: VerifiedToken): Promise<UserPrincipal | false> {
    const session = sessionNamedBy(token);
    return (session && (await this.principals.bySession(session))) ?? false;
  }
}
