import { Injectable } from '@nestjs/common';
import { deriveKey, isCanonicalBase64url, openBox, sealBox } from '@waybill/core/crypto';
import { isAppError } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { isOptional, type OptionalTemplate } from './optional-mails';

const CONTEXT = 'waybill:unsubscribe:v1';
const LONGEST_TOKEN = 400;

/** Whose mails of which kind a link ends. */
export interface Unsubscription {
  userId: string;
  template: OptionalTemplate;
}

/**
 * The links by which mails are switched off without logging in (RFC 8058): sealed under a key of their own, for one person
 * and one kind. They do not expire, as the mails that they stand in do not.
 */
@Injectable()
export class UnsubscribeLinks {
  readonly #key: Buffer;
  readonly #url: string;

  constructor(config: AppConfig) {
    this.#key = deriveKey(config.secrets.link, 'unsubscribe');
    this.#url = `${config.http.publicUrl}/api/mails/unsubscribe`;
  }

  linkFor({ userId, template }: Unsubscription): string {
    const token = sealBox(this.#key, Buffer.from(JSON.stringify([userId, template])), CONTEXT);
    return `${this.#url}/${token.toString('base64url')}`;
  }

  /** What a token ends; null for what is no token. */
  read(token: string): Unsubscription | null {
    if (token.length > LONGEST_TOKEN || !isCanonicalBase64url(token)) return null;
    try {
      const content = openBox(this.#key, Buffer.from(token, 'base64url'), CONTEXT).toString('utf8');
      const [userId, template] = JSON.parse(content) as [string, string];
      return isOptional(template) ? { userId, template } : null;
    } catch (error) {
      if (isAppError(error, 'INTEGRITY_FAILURE')) return null;
      throw error;
    }
  }
}
