import type { IncomingMessage } from 'node:http';

/**
 * Whether a page of Waybill's own has sent a request, by what browsers add and pages cannot change: `Sec-Fetch-Site`
 * (Fetch Metadata) where the connection is trustworthy, else `Origin`. For what is done on the strength of a cookie, which
 * goes along from other sites' pages, or other hosts of the same site, as well. What says neither is no browser of today.
 */
export function fromOwnPage({ headers }: Pick<IncomingMessage, 'headers'>, publicUrl: string): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers;
  const known = origin !== undefined && origin !== 'null';
  if (known && !isOwn(origin, host, publicUrl)) return false;
  return site === undefined ? known : site === 'same-origin';
}

function isOwn(origin: string, host: string | undefined, publicUrl: string): boolean {
  if (!URL.canParse(origin)) return false;
  const from = new URL(origin);
  return from.host === host || from.origin === new URL(publicUrl).origin;
}
