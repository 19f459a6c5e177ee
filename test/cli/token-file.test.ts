import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createTokenFile } from "../../src/cli/token-file.js";
import { Secret } from "../../src/secrets/secret.js";
import { temporaryFolder } from "../support/run.js";

const token = (value: string) => [{ kind: "api_token", key: "ci", value: new Secret(value) }];

describe("the file for generated tokens", () => {
  it("holds those of the last attempt, where a database asks for the whole transaction again", () => {
    const path = join(temporaryFolder(), "tokens.json");
    const file = createTokenFile(path);
    file.write(token("first"));
    file.write(token("second"));
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ ci: "second" });
    file.discard();
    expect(existsSync(path)).toBe(false);
  });

  it("never replaces or takes away somebody else's", () => {
    const path = join(temporaryFolder(), "tokens.json");
    writeFileSync(path, "{}");
    const file = createTokenFile(path);
    expect(() => file.requireFree()).toThrow("exists already [OUTPUT_FILE]");
    expect(() => file.write(token("first"))).toThrow("exists already [OUTPUT_FILE]");
    file.discard();
    expect(readFileSync(path, "utf8")).toBe("{}");
  });
});
