import { Injectable } from '@nestjs/common';
import { JwtService, type JwtModuleOptions } from '@nestjs/jwt';
import { deriveSecretKey } from '@waybill/core/crypto';
import { uuidv7 } from '@waybill/core/kernel';
import type { AppConfig } from '@waybill/platform/config';
import {
  ACCESS_TOKEN_SECONDS,
  ALGORITHM,
  AUDIENCE,
  sessionNamedBy,
  TYPE,
  type VerifiedToken,
} from './access-token.policy';
import type { SessionRef } from './session.repository';

/** What a signature is checked with: the same for the passport strategy and for routes that ask by themselves. */
export function verificationOptions(config: AppConfig) {
  return {
    // Derived, so that `JWT_SECRET` can serve other purposes without their tokens being worth anything here.
    key: deriveSecretKey(config.secrets.jwt, 'access-token'),
    algorithms: [ALGORITHM] as [typeof ALGORITHM],
    issuer: config.http.publicUrl,
    audience: AUDIENCE,
    ignoreExpiration: false,
  };
}

/** The JWT module's settings: everything that is signed or verified through it is an access token. */
export function jwtOptions(config: AppConfig): JwtModuleOptions {
  const { key, ...verifyOptions } = verificationOptions(config);
  return {
    secret: key,
    signOptions: {
      algorithm: ALGORITHM,
      header: { alg: ALGORITHM, typ: TYPE },
      issuer: verifyOptions.issuer,
      audience: AUDIENCE,
      expiresIn: ACCESS_TOKEN_SECONDS,
    },
    verifyOptions,
  };
}

/** Access tokens: short-lived JWTs that name a session. What its user may do is looked up, never read from them. */
@Injectable()
export class AccessTokens {
  constructor(private readonly jwt: JwtService) {}

  async issue({ sessionId, userId }: SessionRef): Promise<string> {
    return this.jwt.signAsync({ sid: sessionId }, { subject: userId, jwtid: uuidv7() });
  }

  /** The session that a token names; null for every text that is no good access token. */
  async verify(token: string): Promise<SessionRef | null> {
    try {
      return sessionNamedBy(await this.jwt.verifyAsync<VerifiedToken>(token, { complete: true }));
    } catch {
      return null; // Whatever the library objects to, the answer is the same.
    }
  }

  /** Until when a token is good that has been verified. */
  expiryOf(token: string): Date {
    return new Date(this.jwt.decode<{ exp: number }>(token).exp * 1000);
  }
}
