import type { LookupAddress, LookupOptions } from "node:dns";
import { describe, expect, it } from "vitest";
import { guardedLookup, isBlockedAddress, type Resolve } from "../../src/oidc/blocked-address.js";

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
  "2001:db8::1",
  "1.0.0.0",
];

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
