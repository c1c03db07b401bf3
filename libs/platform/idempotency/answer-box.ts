import { deriveKey, keyedHash, openBox, sealBox } from '@waybill/core/crypto';
import type { KeptAnswer } from './kept-answer';
import type { KeyedRequest } from './keyed-request';

/**
 * Makes what rests of requests unreadable: answers may hold links, bodies may hold passwords. Both keys come out of one
 * secret; when that changes, the keys that are kept match no body any more.
 */
export class AnswerBox {
  private readonly answers: Buffer;
  private readonly bodies: Buffer;

  constructor(secret: string) {
    this.answers = deriveKey(secret, 'idempotency answers');
    this.bodies = deriveKey(secret, 'idempotency fingerprints');
  }

  /** What stands for a body. Keyed, since a plain hash would let a password be guessed offline. */
  fingerprint(canonicalBody: string): Buffer {
    return keyedHash(this.bodies, canonicalBody);
  }

  seal(request: KeyedRequest, answer: KeptAnswer): Buffer {
    return sealBox(this.answers, Buffer.from(JSON.stringify(answer), 'utf8'), contextOf(request));
  }

  /** @throws AppError INTEGRITY_FAILURE when it is not the answer that was sealed for this request. */
  open(request: KeyedRequest, sealed: Buffer): KeptAnswer {
    const text = openBox(this.answers, sealed, contextOf(request)).toString('utf8');
    return JSON.parse(text) as KeptAnswer;
  }
}

function contextOf({ scope, keyHash, operation }: KeyedRequest): string {
  return `waybill:idempotency:v1:${scope}:${keyHash.toString('hex')}:${operation.toString('hex')}`;
}
