import { type LookupAddress, type LookupAllOptions, lookup as resolveHost } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { FetchFailure } from "./network-error.js";

type Address = ReturnType<typeof ipaddr.parse>;
type Range = ReturnType<typeof ipaddr.parseCIDR>;

/** Node's `dns.lookup` for all addresses of a host name. */
export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Link-local addresses, where clouds return credentials to any caller, and other metadata services. */
const metadata = ["169.254.0.0/16", "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32"].map(rangeOf);
const unspecified = rangeOf("0.0.0.0/8");
const blockedV6 = [
  "::/128",
  "fe80::/10",
  "fd00:ec2::/32",
  "fd20:ce::254/128",
  "fd00:42::42/128",
  "fd00:c1::a9fe:a9fe/128",
].map(rangeOf);

interface Embedding {
  readonly network: Range;
  /** Indexes of the four bytes of the IPv4 address. */
  readonly bytes: readonly number[];
  /** Every bit of them is inverted. */
  readonly isInverted?: true;
}

const lastFour = [12, 13, 14, 15];

/** The IPv6 networks whose addresses embed IPv4 addresses. */
const embeddings: readonly Embedding[] = [
  // IPv4-compatible (RFC 4291 §2.5.5.1) and IPv4-translated (RFC 2765).
  { network: rangeOf("::/96"), bytes: lastFour },
  { network: rangeOf("::ffff:0:0:0/96"), bytes: lastFour },
  // NAT64 (RFC 6052 §2.2), and its prefix for local use (RFC 8215), of which an operator may use any part.
  { network: rangeOf("64:ff9b::/96"), bytes: lastFour },
  ...[[6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12], lastFour].map((bytes) => ({
    network: rangeOf("64:ff9b:1::/48"),
    bytes,
  })),
  // 6to4 (RFC 3056); Teredo's server and client (RFC 4380 §4).
  { network: rangeOf("2002::/16"), bytes: [2, 3, 4, 5] },
  { network: rangeOf("2001::/32"), bytes: [4, 5, 6, 7] },
  { network: rangeOf("2001::/32"), bytes: lastFour, isInverted: true },
];

/**
 * Whether requests to this IP address are blocked: unspecified, link-local and cloud metadata addresses, in every notation.
 * Loopback and private ranges are allowed, since clusters use them. A text that is not an IP address is not blocked.
 */
export function isBlockedAddress(text: string): boolean {
  // A zone names the network interface, not the address.
  const address = text.replace(/%.*$/s, "");
  if (isIP(address) === 0) return false;
  // IPv4-mapped (RFC 4291 §2.5.5.2) is IPv4 for every socket.
  const parsed = ipaddr.process(address);
  if (isWithin(parsed, [unspecified, ...metadata, ...blockedV6])) return true;
  return embeddedIn(parsed).some((embedded) => isWithin(embedded, metadata));
}

/** The IPv4 addresses that an IPv6 address may embed. */
function embeddedIn(address: Address): readonly Address[] {
  if (address.kind() === "ipv4") return [];
  const all = address.toByteArray();
  const holding = embeddings.filter(({ network }) => address.match(network));
  const found = holding.map(({ bytes, isInverted = false }) =>
    bytes.map((at) => (all[at] ?? 0) ^ (isInverted ? 255 : 0)),
  );
  // ISATAP (RFC 5214 §6.1) has no network prefix.
  if (/^[02],0,94,254$/.test(all.slice(8, 12).join())) found.push(all.slice(12));
  return found.map((bytes) => ipaddr.fromByteArray(bytes));
}

function isWithin(address: Address, ranges: readonly Range[]): boolean {
  return ranges.some((range) => address.kind() === range[0].kind() && address.match(range));
}

function rangeOf(cidr: string): Range {
  return ipaddr.parseCIDR(cidr);
}

export function blockedAddressFailure(): FetchFailure {
  return new FetchFailure(
    false,
    "the URL's host is a link-local, metadata or unspecified address, which requests may not reach",
    "use the provider's own host name or address",
  );
}

/** A lookup for sockets: they connect to the addresses that were checked, so a second DNS answer changes nothing. */
export function guardedLookup(resolve: Resolve = resolveHost): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const allowed = addresses.filter(({ address }) => !isBlockedAddress(address));
      const [first] = allowed;
      if (first === undefined) return callback(blockedAddressFailure(), []);
      if (options.all) return callback(null, allowed);
      callback(null, first.address, first.family);
    });
  };
}
