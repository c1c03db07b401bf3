import type { Request, Response } from 'express';

/**
 * Says where the next page is (RFC 8288): this address with the next cursor. Nothing at the end of a list.
 *
 * @param publicUrl what addresses begin with; never taken from the request.
 */
export function setNextLink(
  request: Request,
  response: Response,
  publicUrl: string,
  nextCursor: string | null,
): void {
  if (nextCursor === null) return;
  const url = new URL(request.originalUrl, 'http://relative.invalid');
  url.searchParams.set('cursor', nextCursor);
  response.setHeader('Link', `<${publicUrl}${url.pathname}${url.search}>; rel="next"`);
}
