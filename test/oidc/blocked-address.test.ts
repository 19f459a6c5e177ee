import type { LookupAddress, LookupOptions } from "node:dns";
import { isIP } from "node:net";
import { describe, expect, it } from "vitest";
import { guardedLookup, isBlockedAddress, type Resolve } from "../../src/oidc/blocked-address.js";
import { createGuardedFetch } from "../../src/oidc/guarded-fetch.js";
import { always, serve } from "../support/http-server.js";

const blocked = [
  "169.254.169.254",
  "169.254.0.1",
  "::ffff:169.254.169.254",
  "::ffff:a9fe:a9fe",
  "::169.254.169.254",
  "64:ff9b::169.254.169.254",
  "2002:a9fe:a9fe::1",
  "fe80::1",
  "fe80::1%eth0",
  "febf::1",
  "fd00:ec2::254",
  "fd20:ce::254",
  "0.0.0.0",
  "0.1.2.3",
  "::",
  "::ffff:0.0.0.0",
  "100.100.100.200",
  "168.63.129.16",
  "192.0.0.192",
  "fd00:42::42",
  "fd00:c1::a9fe:a9fe",
];
const allowed = [
  "127.0.0.1",
  "::1",
  "10.0.0.1",
  "172.16.0.1",
  "192.168.1.1",
  "169.253.255.255",
  "169.255.0.0",
  "::ffff:10.0.0.1",
  "64:ff9b::10.0.0.1",
  "fd00::1",
  "fec0::1",
  "fd00:42::43",
  "64:ff9b:1::",
  "2001:db8:a9fe:a9fe::1",
  "2001:db8::a9fe:a9fe",
  "2001:db8::5eff:169.254.169.254",
  "2001:db8::1",
  "1.0.0.0",
];

/** The two halves of an IPv4 address in hexadecimal. */
function hexOf(address: string, flip = 0): readonly [string, string] {
  const bytes = address.split(".").map((byte) => (Number(byte) ^ flip).toString(16).padStart(2, "0"));
  return [bytes.slice(0, 2).join(""), bytes.slice(2).join("")];
}

/** Every IPv6 address that stands for an IPv4 address, or may. */
const embeddings: Readonly<Record<string, (address: string) => string>> = {
  "IPv4 itself": (address) => address,
  "IPv4-mapped": (address) => `::ffff:${address}`,
  "IPv4-mapped in hexadecimal": (address) => `0:0:0:0:0:FFFF:${hexOf(address).join(":")}`,
  "IPv4-mapped with a zone": (address) => `::ffff:${address}%eth0`,
  "IPv4-translated": (address) => `::ffff:0:${address}`,
  "IPv4-translated in hexadecimal": (address) => `::ffff:0:${hexOf(address).join(":")}`,
  "IPv4-compatible": (address) => `::${address}`,
  "IPv4-compatible in hexadecimal": (address) => `::${hexOf(address).join(":")}`,
  NAT64: (address) => `64:ff9b::${address}`,
  "local NAT64 /48": (address) => {
    const [high, low] = hexOf(address);
    return `64:ff9b:1:${high}:${low.slice(0, 2).padStart(4, "0")}:${low.slice(2)}00::`;
  },
  "local NAT64 /56": (address) => {
    const [high, low] = hexOf(address);
    return `64:ff9b:1:ab${high.slice(0, 2)}:00${high.slice(2)}:${low}::`;
  },
  "local NAT64 /64": (address) => {
    const [high, low] = hexOf(address);
    return `64:ff9b:1:abcd:00${high.slice(0, 2)}:${high.slice(2)}${low.slice(0, 2)}:${low.slice(2)}00::`;
  },
  "local NAT64 /96": (address) => `64:ff9b:1:abcd:12:3456:${address}`,
  "local NAT64 /96 without more": (address) => `64:ff9b:1::${address}`,
  "6to4": (address) => `2002:${hexOf(address).join(":")}::1`,
  "Teredo's client": (address) => `2001:0:4136:e378:8000:63bf:${hexOf(address, 255).join(":")}`,
  "Teredo's server": (address) => `2001:0:${hexOf(address).join(":")}:8000:63bf:3fff:fdd2`,
  ISATAP: (address) => `2001:db8::5efe:${address}`,
  "ISATAP with an address that is known to be unique": (address) => `2001:db8::200:5efe:${address}`,
};

const metadata = ["169.254.169.254", "169.254.0.23", "168.63.129.16", "100.100.100.200", "192.0.0.192"];
const ordinary = [
  "10.1.2.3",
  "172.16.0.1",
  "192.168.1.1",
  "127.0.0.1",
  "93.184.216.34",
  "168.63.129.17",
  "192.0.0.193",
];

describe.each(Object.entries(embeddings))("F11 %s", (_name, embed) => {
  it.each(metadata)("hides no metadata address: %s", (address) => {
    expect(isIP(embed(address))).not.toBe(0);
    expect(isBlockedAddress(embed(address))).toBe(true);
  });

  it.each(ordinary)("leaves an ordinary address alone: %s", (address) => {
    expect(isBlockedAddress(embed(address))).toBe(false);
  });

  it("is refused as a URL's host before anything is asked, and as a name's address", async () => {
    const [address = ""] = metadata;
    // A URL has no zones.
    const host = isIP(embed(address)) === 6 ? `[${embed(address).replace(/%.*/, "")}]` : embed(address);
    const fetch = createGuardedFetch({ timeoutMs: 1000 });
    await expect(fetch(`http://${host}/`)).rejects.toThrow("link-local, metadata or unspecified address");
    await expect(look([embed(address)])).rejects.toThrow("link-local, metadata or unspecified address");
    expect(await look([embed("10.1.2.3"), embed(address)])).toEqual([toLookupAddress(embed("10.1.2.3"))]);
  });
});

describe("F11 a URL's host", () => {
  it.each([
    "2852039166",
    "0xa9fea9fe",
    "0xA9.0xFE.0xA9.0xFE",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.16689662",
    "169.254.169.254.",
    "１６９.２５４.１６９.２５４",
    "169%2e254%2e169%2e254",
    "[0:0::ffff:169.254.169.254]",
    "0",
    "0x0",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[fd20:ce::254]",
    "[fd00:42::42]",
    "[fd00:c1::a9fe:a9fe]",
  ])("is refused in another notation: %s", async (host) => {
    const fetch = createGuardedFetch({ timeoutMs: 1000 });
    await expect(fetch(`http://${host}/`)).rejects.toThrow("link-local, metadata or unspecified address");
  });

  it.each(["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]"])(
    "is asked in another notation where it is this machine: %s",
    async (host) => {
      const server = await serve(always(200, { here: true }));
      const fetch = createGuardedFetch({ timeoutMs: 5000 });
      const answer = await fetch(`http://${host}:${new URL(server.origin).port}/`);
      expect(await answer.json()).toEqual({ here: true });
    },
  );
});

describe("isBlockedAddress", () => {
  it.each(blocked)("S46 blocks %s", (address) => expect(isBlockedAddress(address)).toBe(true));
  it.each(allowed)("S46 leaves %s alone", (address) => expect(isBlockedAddress(address)).toBe(false));
  it("leaves host names to the lookup", () => expect(isBlockedAddress("metadata.example")).toBe(false));
});

describe("guardedLookup", () => {
  it("S46 refuses a name whose only addresses are blocked", async () => {
    await expect(look(["169.254.169.254", "fe80::1"])).rejects.toThrow("link-local, metadata or unspecified address");
  });

  it("S46 hands on only the addresses that are not blocked", async () => {
    expect(await look(["169.254.169.254", "10.0.0.1", "::1"])).toEqual([
      { address: "10.0.0.1", family: 4 },
      { address: "::1", family: 6 },
    ]);
  });

  it("S46 gives a socket that wants one address the first that is not blocked", async () => {
    expect(await look(["169.254.169.254", "10.0.0.1", "10.0.0.2"], { all: false })).toEqual([
      { address: "10.0.0.1", family: 4 },
    ]);
  });

  it("passes on that a name does not resolve", async () => {
    const failing: Resolve = (_hostname, _options, callback) =>
      callback(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }), []);
    await expect(look([], {}, failing)).rejects.toMatchObject({ code: "ENOTFOUND" });
  });
});

/** What a socket would get for a name that resolves to these addresses. */
function look(
  addresses: readonly string[],
  options: LookupOptions = { all: true },
  resolve: Resolve = (_hostname, _options, callback) => callback(null, addresses.map(toLookupAddress)),
): Promise<readonly LookupAddress[]> {
  return new Promise((found, failed) => {
    guardedLookup(resolve)("provider.example", options, (error, address, family) => {
      if (error) return failed(error);
      found(typeof address === "string" ? [{ address, family: family ?? 0 }] : address);
    });
  });
}

function toLookupAddress(address: string): LookupAddress {
  return { address, family: address.includes(":") ? 6 : 4 };
}
