import { Injectable } from '@nestjs/common';

/**
 * Whether this process is on its way out. Long answers (event streams, uploads that can be resumed) listen to `signal`
 * and end themselves in good order; whoever is asked for readiness says no.
 */
@Injectable()
export class Drain {
  private readonly controller = new AbortController();

  get active(): boolean {
    return this.controller.signal.aborted;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  begin(): void {
    this.controller.abort();
  }
}
