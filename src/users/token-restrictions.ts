import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

type Address = ReturnType<typeof ipaddr.parse>;

/** A network and the number of bits that are the same in all of its addresses. */
type AddressRange = readonly [network: Address, bits: number];

export interface ValidRange {
  readonly kind: "range";
  readonly range: AddressRange;
  /** The same for every spelling of the range. */
  readonly text: string;
}

type ParsedRange = ValidRange | { readonly kind: "invalid"; readonly expected: string };

const notRange: ParsedRange = {
  kind: "invalid",
  expected: "expected an IP address or a network, such as `192.0.2.7`, `192.0.2.0/24` or `2001:db8::/32`",
};
const zoned: ParsedRange = {
  kind: "invalid",
  expected: "expected an address without a zone: `%` and what follows it name an interface of one machine",
};

/** Parses an IP address, or a network in CIDR notation (RFC 4632, RFC 4291 §2.3). */
export function parseAddressRange(text: string): ParsedRange {
  const [written = "", prefix, ...more] = text.split("/");
  const address = parseAddress(written);
  if (more.length > 0 || address === undefined) return notRange;
  if (written.includes("%")) return zoned;
  const length = address.kind() === "ipv4" ? 32 : 128;
  if (prefix !== undefined && !(/^(?:0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= length)) return notRange;
  const bits = prefix === undefined ? length : Number(prefix);
  if (hasHostBits(address, bits)) {
    const expected = `expected the network's own address, which has only zeros after its first ${bits} bits; for one address, leave \`/${bits}\` out`;
    return { kind: "invalid", expected };
  }
  // IPv4-mapped (RFC 4291 §2.5.5.2) is IPv4 for every socket.
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()
    ? rangeOf(address.toIPv4Address(), bits - 96)
    : rangeOf(address, bits);
}

function rangeOf(network: Address, bits: number): ValidRange {
  const isSingle = bits === network.toByteArray().length * 8;
  const text = isSingle ? network.toString() : `${network.toString()}/${bits}`;
  return { kind: "range", range: [network, bits], text };
}

/**
 * A random range of the same family and size, for an example: a part of 10.0.0.0/8 or of 2001:db8::/32 (RFC 3849). Undefined for one
 * that is larger, or of this machine alone, which names nobody.
 */
export function randomRange({ range: [network, bits] }: ValidRange): string | undefined {
  const prefix = network.kind() === "ipv4" ? [10] : [0x20, 0x01, 0x0d, 0xb8];
  if (bits < prefix.length * 8 || network.range() === "loopback") return undefined;
  const bytes = [...randomBytes(network.toByteArray().length)].map((random, index) => {
    const hostBits = Math.min(8, Math.max(0, (index + 1) * 8 - bits));
    return (prefix[index] ?? random) & (256 - 2 ** hostBits);
  });
  return rangeOf(ipaddr.fromByteArray(bytes), bits).text;
}

function hasHostBits(address: Address, bits: number): boolean {
  return address.toByteArray().some((byte, index) => {
    const hostBits = Math.min(8, Math.max(0, (index + 1) * 8 - bits));
    return (byte & (2 ** hostBits - 1)) !== 0;
  });
}

/** The ranges in one spelling, each once, sorted. Those that are invalid are left out: check them before. */
export function canonicalRanges(texts: readonly string[]): readonly string[] {
  const ranges = texts.map(parseAddressRange).flatMap((parsed) => (parsed.kind === "range" ? parsed.text : []));
  return [...new Set(ranges)].sort();
}

/** How many ranges a token can have. */
export const maxRanges = 100;

/**
 * Creates a function that says whether an address is in one of the ranges. A text that is no address is in none, and what can't be
 * parsed of the ranges has no address in it.
 */
export function createAddressCheck(texts: readonly string[]): (address: string) => boolean {
  const ranges = texts.map(parseAddressRange).flatMap((parsed) => (parsed.kind === "range" ? [parsed.range] : []));
  return (text) => {
    const parsed = parseAddress(text);
    if (parsed === undefined) return false;
    const address = parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress() ? parsed.toIPv4Address() : parsed;
    return ranges.some(([network, bits]) => address.kind() === network.kind() && address.match(network, bits));
  };
}

/** Strictly, since the library also accepts numbers, octal digits, and IPv4-compatible addresses as if they were mapped. */
function parseAddress(text: string): Address | undefined {
  if (isIP(text) === 0 || /^::\d+\./.test(text)) return undefined;
  // A zone names the network interface, not the address.
  const zone = text.indexOf("%");
  return ipaddr.parse(zone < 0 ? text : text.slice(0, zone));
}

/** A number of requests in a time. */
export interface Rate {
  readonly attempts: number;
  readonly perMs: number;
}

export const ratePattern = /^([1-9]\d{0,5})\/([smh])$/;
export const expectedRate =
  "expected a number of requests and a unit of time: `5/s`, `100/m` or `1000/h`, at most `999999`";

const unitsMs = { s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Parses a rate such as `100/m`; undefined if it is not valid. */
export function parseRate(text: string): Rate | undefined {
  const [, number, unit] = ratePattern.exec(text) ?? [];
  // The pattern has no other unit.
  return number === undefined ? undefined : { attempts: Number(number), perMs: unitsMs[unit as keyof typeof unitsMs] };
}
