import { isIPv6 } from "node:net";

const mappedAddress = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const groupsOfNetwork = 4;

/** What attempts are counted under: an IPv4 address, or the network of 64 bits that an IPv6 address is in, which one customer has. */
export function sourceKey(source: string): string {
  const [, mapped] = mappedAddress.exec(source) ?? [];
  if (mapped !== undefined) return mapped;
  const address = source.replace(/%.*$/s, "");
  if (!isIPv6(address)) return source;
  const [head = "", tail] = address.toLowerCase().split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  // A dotted end counts for two groups.
  const written = before.length + after.length + (address.includes(".") ? 1 : 0);
  const groups = [...before, ...Array<string>(8 - written).fill("0"), ...after];
  return groups
    .slice(0, groupsOfNetwork)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}
