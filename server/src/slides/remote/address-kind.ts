import { BlockList, isIP, isIPv4 } from 'node:net';

/**
 * Where an address leads: the internet, a network of somebody's own, this machine, or nowhere that a tile server is (link
 * local with the metadata of cloud machines, multicast, documentation, reserved).
 */
export type AddressKind = 'public' | 'private' | 'loopback' | 'reserved';

type Network = readonly [address: string, prefix: number];

/** IANA IPv4 Special-Purpose Address Registry (RFC 6890). */
const PRIVATE_4: readonly Network[] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
];
const LOOPBACK_4: readonly Network[] = [['127.0.0.0', 8]];
const RESERVED_4: readonly Network[] = [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

/** Everything else of IPv6 is reserved, but for the networks named below. */
const GLOBAL_6: readonly Network[] = [['2000::', 3]];
const PRIVATE_6: readonly Network[] = [['fc00::', 7]];
const LOOPBACK_6: readonly Network[] = [['::1', 128]];
/** Protocol assignments with Teredo, documentation, 6to4: the last leads to an IPv4 address by way of somebody else. */
const RESERVED_6: readonly Network[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const lists = {
  ipv4: [
    ['reserved', networks('ipv4', RESERVED_4)],
    ['loopback', networks('ipv4', LOOPBACK_4)],
    ['private', networks('ipv4', PRIVATE_4)],
  ],
  ipv6: [
    ['reserved', networks('ipv6', RESERVED_6)],
    ['loopback', networks('ipv6', LOOPBACK_6)],
    ['private', networks('ipv6', PRIVATE_6)],
    ['public', networks('ipv6', GLOBAL_6)],
  ],
} satisfies Record<string, [AddressKind, BlockList][]>;

/** @param address of IPv4 or IPv6; an IPv4 address written as one of IPv6 counts as what it is. Other texts are `reserved`. */
export function addressKind(address: string): AddressKind {
  const [bare] = address.split('%');
  if (isIP(bare) === 0) return 'reserved';
  if (isIPv4(bare)) return lists.ipv4.find(([, list]) => list.check(bare, 'ipv4'))?.[0] ?? 'public';
  const embedded = embeddedIpv4(bare);
  if (embedded !== null) return addressKind(embedded);
  return lists.ipv6.find(([, list]) => list.check(bare, 'ipv6'))?.[0] ?? 'reserved';
}

/** The IPv4 address behind `::ffff:0:0/96` (mapped) and `64:ff9b::/96` (translated by NAT64); null for others. */
function embeddedIpv4(address: string): string | null {
  // Written in one way by the URL parser, whatever it was written like.
  const { hostname } = new URL(`http://[${address}]/`);
  const found = /^\[(?:::ffff|64:ff9b:):(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})\]$/.exec(hostname);
  if (found === null) return null;
  const [high, low] = [Number.parseInt(found[1] ?? '0', 16), Number.parseInt(found[2], 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function networks(family: 'ipv4' | 'ipv6', listed: readonly Network[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of listed) list.addSubnet(address, prefix, family);
  return list;
}
