import { type LookupAddress, type LookupAllOptions, lookup as resolveHost } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { FetchFailure } from "./fetch-failure.js";

/** Node's `dns.lookup` that gives every address of a host name. */
export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const blocked = new BlockList();
blocked.addSubnet("0.0.0.0", 8, "ipv4");
blocked.addAddress("::", "ipv6");
// Link-local: where clouds hand out credentials to whoever asks. BlockList sees through IPv4-mapped addresses by itself, not
// through the older and translated forms (IPv4-compatible, NAT64, 6to4).
blocked.addSubnet("169.254.0.0", 16, "ipv4");
blocked.addSubnet("fe80::", 10, "ipv6");
blocked.addSubnet("::a9fe:0", 112, "ipv6");
blocked.addSubnet("64:ff9b::a9fe:0", 112, "ipv6");
blocked.addSubnet("2002:a9fe::", 32, "ipv6");
// Metadata services outside of the link-local ranges.
blocked.addSubnet("fd00:ec2::", 32, "ipv6");
blocked.addAddress("fd20:ce::254", "ipv6");
blocked.addAddress("100.100.100.200", "ipv4");
blocked.addAddress("168.63.129.16", "ipv4");
blocked.addAddress("192.0.0.192", "ipv4");

/**
 * Whether nothing may be asked at this IP address: unspecified, link-local and cloud metadata addresses, in every notation.
 * Loopback and private ranges are fine, since clusters are made of them. A text that is no IP address is not blocked.
 */
export function isBlockedAddress(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && blocked.check(address, version === 4 ? "ipv4" : "ipv6");
}

export function blockedAddressFailure(): FetchFailure {
  return new FetchFailure(
    false,
    "the URL's host is a link-local, metadata or unspecified address, where nothing is asked",
    "use the provider's own host name or address",
  );
}

/** A lookup for sockets: the connection goes to the addresses that were checked, so a second answer of the DNS changes nothing. */
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
