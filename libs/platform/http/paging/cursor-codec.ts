import { Injectable } from '@nestjs/common';
import { constantTimeEqual, deriveToken } from '@waybill/core/crypto';
import { AppError } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';

/** Where a page ended: the values of the sort keys of its last item. */
export type CursorPosition = readonly (string | number | boolean | null)[];

const MAC_CHARACTERS = 22; // 132 bits
const PURPOSE = 'cursor';

/**
 * Keyset cursors, opaque and tamper-evident: what comes back is what was given out, so a query may trust its position.
 * A cursor belongs to one list in one order (`scope`: route, sort and filters); elsewhere it is refused like a forged
 * one.
 */
@Injectable()
export class CursorCodec {
  constructor(private readonly config: AppConfig) {}

  encode(scope: string, position: CursorPosition): string {
    const payload = Buffer.from(JSON.stringify(position)).toString('base64url');
    return payload + this.mac(scope, payload);
  }

  /** @throws AppError VALIDATION_FAILED naming `cursor`. */
  decode(scope: string, cursor: string): CursorPosition {
    const payload = cursor.slice(0, -MAC_CHARACTERS);
    if (!constantTimeEqual(cursor.slice(-MAC_CHARACTERS), this.mac(scope, payload))) {
      throw new AppError('VALIDATION_FAILED', 'The cursor is not one of this list.', {
        errors: [{ pointer: 'cursor', detail: 'must be the nextCursor of a page of the same list' }],
      });
    }
    return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as CursorPosition;
  }

  private mac(scope: string, payload: string): string {
    return deriveToken(this.config.secrets.link, PURPOSE, `${scope}\n${payload}`).slice(0, MAC_CHARACTERS);
  }
}
