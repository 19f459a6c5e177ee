import { isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";

const groupsOfNetwork = 4;

/** What attempts are counted under: an IPv4 address, or the network of 64 bits that an IPv6 address is in, which one customer has. */
export function sourceKey(source: string): string {
  const address = source.replace(/%.*$/s, "");
  if (!isIPv6(address)) return source;
  const parsed = ipaddr.IPv6.parse(address);
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString();
  return parsed.parts
    .slice(0, groupsOfNetwork)
    .map((group) => group.toString(16))
    .join(":");
}
