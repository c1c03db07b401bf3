import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { deriveKey, keyedHash } from '@waybill/core/crypto';
import { AppConfig } from '@waybill/platform/config';
import { addressKey } from '@waybill/platform/http';

/**
 * Recognises who asks again: address (of IPv6 the /64, within which a device changes its address by itself), user agent
 * and, where one is known, user. The ledger has a keyed hash of them: whoever reads it learns of no address.
 */
@Injectable()
export class DeliveryClients {
  private readonly key: Buffer;

  constructor(config: AppConfig) {
    this.key = deriveKey(config.secrets.link, 'delivery-client');
  }

  of(request: IncomingMessage & { ip?: string }, userId: string | null): Buffer {
    const who = [addressKey(request.ip), request.headers['user-agent'] ?? '', userId ?? ''];
    return keyedHash(this.key, JSON.stringify(who));
  }
}
