import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a page may connect: browsers apply no CORS to WebSockets, but say where the page comes from (RFC 6455, section
 * 10.2). Programs send no origin. The credential is a token that a page must hold, never a cookie; this is a second line.
 */
export function mayConnectFrom({ origin, host }: IncomingHttpHeaders, allowed: readonly string[]): boolean {
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const from = new URL(origin);
  return (
    from.host === host || allowed.some((each) => URL.canParse(each) && new URL(each).origin === from.origin)
  );
}
