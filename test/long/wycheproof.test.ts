import { createSecretKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { algorithms } from "../../src/oidc/jwt/algorithm.js";
import type { JsonObject } from "../../src/oidc/jwt/json-object.js";
import { prepareSignatureCheck, type SignatureCheck } from "../../src/oidc/jwt/jws.js";
import { readKeySet } from "../../src/oidc/jwt/key-set.js";

const bytesOf = (text: string) => Buffer.from(text === "-" ? "" : text, "base64url");

interface Group {
  readonly algorithm: string;
  readonly jwk: JsonObject;
  readonly vectors: readonly (readonly [number: string, result: string, message: string, signature: string])[];
}

/** The file's groups, by the name of the file of Wycheproof. */
function readVectors(): ReadonlyMap<string, readonly Group[]> {
  const text = readFileSync("test/long/wycheproof/vectors.txt", "utf8");
  const byFile = new Map<string, Group[]>();
  let groups: Group[] = [];
  let vectors: Group["vectors"][number][] = [];
  for (const line of text.trim().split("\n")) {
    const [first = "", second = "", third = "", fourth = ""] = line.split(" ");
    if (first === "#") {
      groups = [];
      if (second.endsWith(".json")) byFile.set(second, groups);
    } else if (first === "key") {
      vectors = [];
      groups.push({ algorithm: second, jwk: JSON.parse(third), vectors });
    } else {
      vectors.push([first, second, third, fourth]);
    }
  }
  return byFile;
}

/** As a provider's set or a client's secret; undefined for a key that is left out as weak. */
function checkOf({ algorithm: name, jwk }: Group): SignatureCheck | undefined {
  const algorithm = algorithms.get(name);
  if (!algorithm) throw new Error(`expected ${name} to be known`);
  if (jwk.kty === "oct") return prepareSignatureCheck(createSecretKey(bytesOf(String(jwk.k))), algorithm);
  return readKeySet({ keys: [jwk] })?.checksFor(algorithm, undefined)[0];
}

describe("the signatures of Wycheproof", () => {
  const files = readVectors();

  it("are all there", () => {
    const groups = [...files.values()].flat();
    expect([files.size, groups.flatMap(({ vectors }) => vectors).length]).toEqual([12, 1762]);
    expect(groups.filter((group) => !checkOf(group)).map(({ jwk }) => readKeySet({ keys: [jwk] })?.ignored)).toEqual([
      // Public exponents of 3 and of more than 32 bits.
      ["weak_rsa"],
      ["weak_rsa"],
    ]);
  });

  it.each([...files])("of %s are taken where they are valid, and only there", (_file, groups) => {
    const wrong = groups.flatMap((group) => {
      const check = checkOf(group);
      if (!check) return [];
      return group.vectors.filter(([, result, message, signature]) => {
        const isTaken = check(bytesOf(message).toString("latin1"), bytesOf(signature));
        return isTaken !== (result === "valid");
      });
    });
    expect(wrong).toEqual([]);
  });
});
