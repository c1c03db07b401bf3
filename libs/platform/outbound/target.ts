import { isIP } from 'node:net';
import type { AddressPolicy } from './address-policy';

/** What an address may be, before anybody is asked where its name leads. */
export interface TargetRules {
  addresses: AddressPolicy;
  /** Whether `http:` will do. */
  plain: boolean;
  ports: readonly number[];
}

const MAX_LENGTH = 2_000;

/**
 * Why requests may not be sent to a URL; undefined when they may, as far as the URL itself tells. The WHATWG parser has put
 * every spelling of an address (`2130706433`, `0x7f.1`, `[::ffff:127.0.0.1]`) into its usual form by then.
 */
export function targetProblem(text: string, { addresses, plain, ports }: TargetRules): string | undefined {
  if (text.length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters`;
  if (!URL.canParse(text)) return 'must be a URL';
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(plain && url.protocol === 'http:')) return 'must begin with https://';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
  if (url.hash !== '') return 'must not have a fragment';
  const host = hostOf(url);
  const named = addresses.isNamed(isLocalName(host) ? '127.0.0.1' : host);
  if (isLocalName(host) ? !named : isIP(host) !== 0 && !addresses.permits(host)) {
    return 'must not lead to a private address';
  }
  // What an operator has named he has named with all its ports.
  if (!named && !ports.includes(portOf(url))) return `must use one of the ports ${ports.join(', ')}`;
  return undefined;
}

/** The host as the resolver takes it: without brackets and without the dot of the root. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.+$/, '');
}

export function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

/** Names that are this machine by definition (RFC 6761, section 6.3). */
function isLocalName(host: string): boolean {
  return host === '' || host === 'localhost' || host.endsWith('.localhost');
}
