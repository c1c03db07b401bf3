import { Injectable } from '@nestjs/common';
import type { Tx } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { SessionRepository } from './session.repository';

/** Ends the sessions of a user, and says so: who holds a connection that lives by a session closes it then. */
@Injectable()
export class SessionRevocation {
  constructor(
    private readonly sessions: SessionRepository,
    private readonly outbox: Outbox,
  ) {}

  /**
   * Ends all sessions but `exceptId`, in the transaction of what makes them end, which has changed the user's row by
   * then: a login that runs at the same time waits for it.
   */
  async endAll(
    tx: Tx,
    userId: string,
    reason: 'password' | 'disabled' | 'deleted',
    exceptId: string | null = null,
  ): Promise<void> {
    for (const { sessionId } of await this.sessions.revokeAll(tx, userId, reason, exceptId)) {
      await this.outbox.append(tx, {
        type: 'session.ended',
        actorId: null,
        ownerId: userId,
        subjectId: sessionId,
        data: { userId, sessionId },
      });
    }
  }
}
