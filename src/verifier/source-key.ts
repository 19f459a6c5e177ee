import { isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import type { RequestContext } from "./verifier.js";

const groupsOfNetwork = 4;

/** What a request is counted under; empty for all of those whose source is not known. */
export function sourceOf(context: RequestContext | undefined): string {
  const source = typeof context?.source === "function" ? context.source() : context?.source;
  return source === undefined ? "" : sourceKey(source);
}

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
