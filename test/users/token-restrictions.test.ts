import { describe, expect, it } from "vitest";
import {
  canonicalRanges,
  createAddressCheck,
  parseAddressRange,
  parseRate,
} from "../../src/users/token-restrictions.js";

const textOf = (written: string) => {
  const parsed = parseAddressRange(written);
  return parsed.kind === "range" ? parsed.text : parsed.expected;
};

describe("a range of addresses", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["192.0.2.7/32", "192.0.2.7"],
    ["192.0.2.0/24", "192.0.2.0/24"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["2001:DB8:0:0::/32", "2001:db8::/32"],
    ["2001:db8::0001", "2001:db8::1"],
    ["2001:db8::1/128", "2001:db8::1"],
    ["::/0", "::/0"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::ffff:c000:207", "192.0.2.7"],
    ["::ffff:192.0.2.0/120", "192.0.2.0/24"],
    ["::ffff:0:0/96", "0.0.0.0/0"],
  ])("%s is %s, however it is written", (written, expected) => {
    expect(textOf(written)).toBe(expected);
  });

  it.each([
    "",
    "localhost",
    "192.0.2",
    "192.0.2.256",
    "010.0.0.1",
    "0x7f.0.0.1",
    "2130706433",
    "192.0.2.0/33",
    "192.0.2.0/-1",
    "192.0.2.0/024",
    "192.0.2.0/",
    "192.0.2.0/24/8",
    "192.0.2.0/255.255.255.0",
    " 192.0.2.7",
    "192.0.2.*",
    "[2001:db8::1]",
    "192.0.2.7:443",
    "2001:db8::/129",
    "2001:db8:::1",
  ])("%s is none", (written) => {
    expect(textOf(written)).toContain("expected an IP address or a network");
  });

  it.each([
    ["192.0.2.7/24", "24"],
    ["10.0.0.1/8", "8"],
    ["192.0.2.1/31", "31"],
    ["2001:db8::1/64", "64"],
    ["::ffff:192.0.2.7/120", "120"],
    // Would be IPv6 and IPv4 at once.
    ["::ffff:0:0/90", "90"],
  ])("%s has host bits, which the message says without the address", (written, bits) => {
    expect(textOf(written)).toContain(`only zeros after its first ${bits} bits`);
    expect(textOf(written)).not.toContain("192");
  });

  it("has no zone", () => {
    expect(textOf("fe80::1%eth0")).toContain("without a zone");
    expect(textOf("fe80::%eth0/64")).toContain("without a zone");
  });

  it("stands once in a list, whose order does not matter", () => {
    const one = canonicalRanges(["192.0.2.7/32", "::ffff:192.0.2.7", "2001:DB8::/32", "10.0.0.0/8"]);
    expect(one).toEqual(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);
    expect(canonicalRanges([...one].reverse())).toEqual(one);
  });
});

describe("an address", () => {
  const isAllowed = createAddressCheck(["192.0.2.0/25", "198.51.100.7", "2001:db8::/32", "fe80::/10"]);

  it.each([
    "192.0.2.0",
    "192.0.2.127",
    "::ffff:192.0.2.1",
    "::ffff:c000:201",
    "198.51.100.7",
    "2001:db8:ffff::1",
    "2001:DB8::1",
    // The zone names an interface of this machine.
    "fe80::1%eth0",
  ])("%s is in one of the ranges", (address) => {
    expect(isAllowed(address)).toBe(true);
  });

  it.each([
    "192.0.2.128",
    "198.51.100.8",
    "2001:db9::1",
    "::ffff:192.0.2.128",
    // Other forms that embed an IPv4 address, which anyone with IPv6 can have.
    "::192.0.2.1",
    "64:ff9b::192.0.2.1",
    "2002:c000:201::1",
    // What proxies and attackers send.
    "",
    "unknown",
    "192.0.2.1, 10.0.0.1",
    "192.0.2.1:443",
    "[2001:db8::1]",
    "192.0.2.1%eth0%",
    "192.0.2.1/25",
    "192.0.2",
    "3221225985",
    "0300.0.02.01",
    "192.0.2.1\n",
    "x".repeat(100_000),
  ])("%s is in none", (address) => {
    expect(isAllowed(address)).toBe(false);
  });

  it("is in none of what an edited row has, where that can't be parsed", () => {
    expect(createAddressCheck(["everywhere", "0.0.0.0/00"])("192.0.2.1")).toBe(false);
    expect(createAddressCheck(["everywhere", "192.0.2.1"])("192.0.2.1")).toBe(true);
    expect(createAddressCheck([])("192.0.2.1")).toBe(false);
  });
});

describe("a rate", () => {
  it("is a number in a second, minute or hour", () => {
    expect(parseRate("5/s")).toEqual({ attempts: 5, perMs: 1000 });
    expect(parseRate("100/m")).toEqual({ attempts: 100, perMs: 60_000 });
    expect(parseRate("999999/h")).toEqual({ attempts: 999_999, perMs: 3_600_000 });
  });

  it.each(["", "0/m", "100", "100/d", "100/min", "1000000/h", "-1/s", "1.5/s", "01/s", "5 / s", "5/S"])(
    "%s is none",
    (text) => {
      expect(parseRate(text)).toBeUndefined();
    },
  );
});
