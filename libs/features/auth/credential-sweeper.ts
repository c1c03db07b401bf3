import { Injectable } from '@nestjs/common';
import { SessionRepository } from './session.repository';

const BATCH = 1_000;

/** Removes sessions and refresh tokens that have expired. Until then a used token stays, so that reuse is noticed. */
@Injectable()
export class CredentialSweeper {
  constructor(private readonly sessions: SessionRepository) {}

  /** One batch; tells how many rows it removed. */
  async run(): Promise<number> {
    return this.sessions.purgeExpired(BATCH);
  }
}
