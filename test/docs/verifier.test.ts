import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { adapters } from "../../scripts/entries.mjs";
import { readDocument, tableUnder } from "./markdown.js";

const document = readDocument("docs/verifier.md");
const namesIn = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

function sourcesOf(...folders: readonly string[]): string {
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      // Of what is below the provider's code, the files that have reasons for clients are named one by one.
      .filter((file) => file.endsWith(".ts") && !file.startsWith("jwt/"))
      .map((file) => readFileSync(join(folder, file), "utf8")),
  );
  return files.join("\n");
}

/** The texts between quotes in every part of the sources that fits. */
function quotedIn(source: string, ...parts: readonly RegExp[]): ReadonlySet<string> {
  const found = parts.flatMap((part) => [...source.matchAll(part)].map(([text]) => text));
  return new Set(found.flatMap((text) => [...text.matchAll(/"(\w+)"/g)].map(([, word = ""]) => word)));
}

describe("docs/verifier.md", () => {
  it("has every option of createVerifier in its order", () => {
    const [, declared = ""] = readFileSync("src/verifier/create-verifier.ts", "utf8").split(
      "export interface VerifierOptions",
    );
    const [, body = ""] = /\{\n([\s\S]*?)\n\}/.exec(declared) ?? [];
    const options = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)];
    expect(options.length).toBeGreaterThan(10);
    const rows = tableUnder(document, "## Options");
    expect(rows.map(([option]) => namesIn(option)[0])).toEqual(options.map(([, name]) => name));
    for (const [, , what] of rows) expect(what).toMatch(/^.+\.$|^.+\)\.$/);
  });

  it("has every adapter of the package", () => {
    expect(adapters.length).toBeGreaterThan(2);
    const rows = tableUnder(document, "## Adapters");
    expect(rows.map(([name]) => namesIn(name)[0])).toEqual(adapters.map((name) => `vtb-setup/verifier/${name}`));
  });

  it("has every code that clients get, with its status", () => {
    const kinds = [
      ...readFileSync("src/verifier/problem.ts", "utf8").matchAll(/^ {2}(\w+): \{ status: (\d+), type: /gm),
    ].map(([, code, status]) => [status, code]);
    expect(kinds.length).toBe(5);
    const rows = tableUnder(document, "## Answers to clients");
    expect(rows.map(([status, code]) => [status, namesIn(code)[0]])).toEqual(kinds);
  });

  it("has every event and every reason", () => {
    const events = ["src/verifier/event.ts", "src/oidc/event.ts"].map((file) => readFileSync(file, "utf8"));
    const [ofUsers = ""] =
      /export type ProvisionEvent =.*?\n\);/s.exec(readFileSync("src/users/provision-user.ts", "utf8")) ?? [];
    // A note about claims is an event of login and verifier alike.
    const notes = quotedIn(readFileSync("src/users/map-claims.ts", "utf8"), /readonly kind: "\w+"(?: \| "\w+")+/g);
    const kinds = [...quotedIn([...events, ofUsers].join("\n"), /readonly kind: "\w+"/g), ...notes];
    const reasons = quotedIn(
      sourcesOf("src/verifier", "src/users") +
        sourcesOf("src/oidc") +
        readFileSync("src/oidc/jwt/claims.ts", "utf8") +
        readFileSync("src/oidc/jwt/jws.ts", "utf8"),
      /type \w*Reason =[^;]*;/g,
      /readonly reason:[^;]*;/g,
      /(?:reject|keepFailure)\("\w+"/g,
      /const reasons = \[[^\]]*\]/g,
      /reason: "\w+"/g,
    );
    expect(reasons.size).toBeGreaterThan(40);
    const documented = tableUnder(document, "## Events").flatMap(([name]) => namesIn(name));
    // The second table's head stands between them.
    const expected = [...kinds, ...reasons, "reason"].filter((word, index, all) => all.indexOf(word) === index);
    expect([...documented].sort()).toEqual(expected.sort());
  });
});
