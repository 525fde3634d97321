/**
 * Which addresses this site may speak to on behalf of whoever typed a URL: public ones, and the
 * networks that the operator names. Otherwise a webhook or an upstream would open what only this
 * machine reaches (A27).
 */
import { BlockList, isIP } from 'node:net';

/** Special-purpose addresses: not globally reachable, or leading to such by translation. */
const SPECIAL = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::1/128',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

export class AddressRule {
  readonly #special = listOf(SPECIAL);
  readonly #allowed: BlockList;

  /** @param allowed networks that may be reached although they are special, as `10.0.0.0/8` */
  constructor(allowed: readonly string[]) {
    this.#allowed = listOf(allowed);
  }

  /** @param address IPv4 or IPv6; IPv4 inside IPv6 counts as IPv4 */
  mayReach(address: string): boolean {
    return this.isPublic(address) || this.isNamed(address);
  }

  /** Whether it is reachable from everywhere, as far as its number says. */
  isPublic(address: string): boolean {
    return !this.#special.check(address, familyOf(address));
  }

  /** Whether the operator named its network: there is trust in what lies between. */
  isNamed(address: string): boolean {
    return this.#allowed.check(address, familyOf(address));
  }
}

/** The host of a URL, without the brackets of IPv6. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.+)\]$/, '$1');
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const isV6 = isIP(address) === 6;
    list.addSubnet(address, Number(bits ?? (isV6 ? 128 : 32)), isV6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
