/**
 * The `Link` to the next page (RFC 8288): the address of this one with the next cursor.
 *
 * @param requested path and query of this page.
 * @param publicUrl what addresses begin with; never taken from the request.
 */
export function nextLink(requested: string, publicUrl: string, nextCursor: string): string {
  const url = new URL(requested, 'http://relative.invalid');
  url.searchParams.set('cursor', nextCursor);
  return `<${publicUrl}${url.pathname}${url.search}>; rel="next"`;
}
