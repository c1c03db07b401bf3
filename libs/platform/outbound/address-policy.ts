import { BlockList, isIP } from 'node:net';

/** Networks that are nobody's public address (IANA special-purpose registries, RFC 6890), and those that wrap others. */
const SPECIAL: [address: string, prefix: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // All of IPv6 but 2000::/3 is local, or wraps IPv4; and of that:
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

/** Which addresses requests may go to that others have chosen: public ones, and networks that an operator has named. */
export class AddressPolicy {
  private readonly special = new BlockList();
  private readonly global = new BlockList();
  private readonly named = new BlockList();

  /** @param allowed networks as `10.1.0.0/16`, or single addresses. Throws a RangeError for what is none. */
  constructor(allowed: readonly string[] = []) {
    for (const [address, prefix] of SPECIAL) this.special.addSubnet(address, prefix, familyOf(address));
    this.global.addSubnet('2000::', 3, 'ipv6');
    for (const network of allowed) {
      const [address = '', prefix] = network.split('/');
      const bits = prefix === undefined ? (isIP(address) === 4 ? 32 : 128) : Number(prefix);
      if (isIP(address) === 0) throw new RangeError(`${network} is no network`);
      this.named.addSubnet(address, bits, familyOf(address));
    }
  }

  /** Whether an address, in its usual form, is one of the networks that an operator has named. */
  isNamed(address: string): boolean {
    return isIP(address) !== 0 && this.named.check(address, familyOf(address));
  }

  /** Whether a request may go there. What is no address may not, nor what wraps IPv4 in IPv6. */
  permits(address: string): boolean {
    if (this.isNamed(address)) return true;
    switch (isIP(address)) {
      case 4:
        return !this.special.check(address, 'ipv4');
      case 6:
        return this.global.check(address, 'ipv6') && !this.special.check(address, 'ipv6');
      default:
        return false;
    }
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}
