import type { IncomingMessage } from 'node:http';

/** Where the cookie goes to, and whether only over TLS. */
export interface CookieScope {
  path: string;
  secure: boolean;
}

const NAME = 'waybill-queues';

/** Browsers take the prefix as a promise that the cookie came over TLS (RFC 6265bis, section 4.1.3.1). */
const nameIn = ({ secure }: CookieScope): string => (secure ? `__Secure-${NAME}` : NAME);

/** `Set-Cookie` of a token: for no script, no other site, and no other path. */
export function cookieWith(token: string, seconds: number, scope: CookieScope): string {
  const attributes = [`Path=${scope.path}`, `Max-Age=${seconds}`, 'HttpOnly', 'SameSite=Strict'];
  if (scope.secure) attributes.push('Secure');
  return [`${nameIn(scope)}=${token}`, ...attributes].join('; ');
}

/** The token that a request shows; null for none, and for two: which of them counts nobody could say. */
export function tokenOf({ headers }: Pick<IncomingMessage, 'headers'>, scope: CookieScope): string | null {
  const prefix = `${nameIn(scope)}=`;
  const given = (headers.cookie ?? '').split(/;\s*/).filter((pair) => pair.startsWith(prefix));
  return given.length === 1 ? given[0]!.slice(prefix.length) : null;
}
