import { isUuid } from '@waybill/core/kernel';

/**
 * Routes whose last segment here is a secret: whoever knows it may do something. What follows the token is the route's
 * own. Compared without case, as the router does.
 */
const TOKEN_ROUTES = [
  ['api', 'download'],
  ['api', 'share'],
  ['api', 'auth', 'confirm'],
  ['api', 'auth', 'password', 'reset'],
  ['api', 'auth', 'invitations'],
  ['api', 'mails', 'unsubscribe'],
  ['s'],
];

/** Words that stand where a token could. */
const NOT_TOKENS = new Set(['resend']);

/** What a path must have to hold a secret at all; most do not, and are logged with every request. */
const SUSPICIOUS = /(?:^|\/)s\/|download|share|confirm|reset|invitations|unsubscribe|%|[^/]{20}/i;

const LONGEST_PATH = 512;
const SHORTEST_TOKEN = 20;
const PLAIN_WORDS = /^[a-z]+([-.][a-z]+)*$/;

/**
 * The path of a request as it may be written into logs and answers: without its query, and with `:token` where a
 * secret stood. Routes that are unknown could still carry one (a mistyped address, a proxy's prefix), so every long
 * segment that is neither an id nor words is masked too.
 *
 * @param url the request target, in origin or absolute form (RFC 9112, section 3.2).
 */
export function maskPath(url: string): string {
  const path = pathOf(url);
  return SUSPICIOUS.test(path) ? maskSegments(path) : clip(path);
}

function maskSegments(path: string): string {
  const segments = path.split('/');
  const secret = tokenIndex(segments);
  let masked = false;
  for (let index = 0; index < segments.length; index++) {
    const segment = segments[index]!;
    if (index === secret || looksSecret(segment)) {
      segments[index] = index === secret ? ':token' : ':redacted';
      masked = true;
    }
  }
  return clip(masked ? segments.join('/') : path);
}

/** What is left is still the path of a URI (RFC 3986): ASCII, no escape cut in two. */
function clip(path: string): string {
  if (path.length <= LONGEST_PATH) return path;
  return `${path.slice(0, LONGEST_PATH).replace(/%[^%]?$/, '')}...`;
}

function pathOf(url: string): string {
  const end = url.search(/[?#;]/);
  const target = end === -1 ? url : url.slice(0, end);
  return target.startsWith('/') ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '');
}

/** Where the token of a token route stands; -1 on any other route. Doubled slashes do not hide it. */
function tokenIndex(segments: string[]): number {
  const filled = segments.flatMap((segment, index) => (segment === '' ? [] : [index]));
  const words = filled.slice(0, 5).map((index) => plain(segments[index]!));
  for (const route of TOKEN_ROUTES) {
    if (words.length > route.length && route.every((word, index) => words[index] === word)) {
      return NOT_TOKENS.has(words[route.length]!) ? -1 : filled[route.length]!;
    }
  }
  return -1;
}

function plain(segment: string): string {
  if (!segment.includes('%')) return segment.toLowerCase();
  try {
    return decodeURIComponent(segment).toLowerCase();
  } catch {
    return segment.toLowerCase(); // A bad escape: the router refuses it too.
  }
}

function looksSecret(segment: string): boolean {
  return segment.length >= SHORTEST_TOKEN && !isUuid(segment) && !PLAIN_WORDS.test(segment);
}
