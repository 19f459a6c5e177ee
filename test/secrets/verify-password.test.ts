import { scryptSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { hashPassword, verifyPassword } from "../../src/secrets/password.js";
import { Secret } from "../../src/secrets/secret.js";
import { deriveEachTime } from "../support/remember-scrypt.js";

const password = new Secret("een lang wachtwoord ☂");

/** A hash as an earlier version may have made it. */
function hashOf(ln: number, r = 8, p = 1): string {
  const salt = Buffer.from("a salt of sixteen".slice(0, 16));
  const key = scryptSync(password.reveal(), salt, 32, { cost: 2 ** ln, blockSize: r, parallelization: p });
  const [saltText, keyText] = [salt, key].map((bytes) => bytes.toString("base64").replace(/=+$/, ""));
  return `$scrypt$ln=${ln},r=${r},p=${p}$${saltText}$${keyText}`;
}

describe("verifying a password", () => {
  it("S69 accepts the right one, and no other", async () => {
    const hash = await hashPassword(password);
    expect(await verifyPassword(password, hash)).toBe("right");
    for (const wrong of ["", "een lang wachtwoord", `${password.reveal()} `]) {
      expect(await verifyPassword(new Secret(wrong), hash)).toBe("wrong");
    }
  });

  it("S69 says when a hash was made with other parameters", async () => {
    for (const hash of [hashOf(14), hashOf(14, 4), hashOf(10, 8, 2)]) {
      expect(await verifyPassword(password, hash)).toBe("outdated");
      expect(await verifyPassword(new Secret("wrong"), hash)).toBe("wrong");
    }
  });

  it("S69 takes about as long without a hash, or with one that cannot be read", async () => {
    deriveEachTime();
    const timeOf = async (hash: string | null): Promise<number> => {
      const begun = process.cpuUsage();
      expect(await verifyPassword(password, hash)).toBe("wrong");
      const { user, system } = process.cpuUsage(begun);
      return user + system;
    };
    const other = await hashPassword(new Secret("another"));
    await timeOf(other);
    const known = await timeOf(other);
    for (const unknown of [null, "", "!", "$scrypt$ln=30,r=8,p=1$c2FsdHNhbHQ$AA"]) {
      expect(await timeOf(unknown)).toBeGreaterThan(known / 2);
    }
  });

  it.each([
    "plain",
    "$scrypt$ln=0,r=8,p=1$c2FsdHNhbHQ$",
    "$scrypt$ln=16,r=8,p=1$",
    "$scrypt$ln=15,r=0,p=1$",
    "$argon2id$v=19$m=1,t=1,p=1$",
  ])("accepts no password for the hash %j", async (start) => {
    const [, , , salt, key] = hashOf(10).split("$");
    const hash = start.endsWith("$") ? `${start}${salt}$${key}` : start;
    expect(await verifyPassword(password, hash)).toBe("wrong");
  });
});
