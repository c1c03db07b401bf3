import type { IncomingMessage } from 'node:http';

/** Whether a browser asks, for something to look at; programs get problems in place of pages that tell of refusals. */
export function wantsPage(request: IncomingMessage): boolean {
  return /(^|,)\s*text\/html\b/i.test(request.headers.accept ?? '');
}
