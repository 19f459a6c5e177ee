import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { Secret } from "../../src/secrets/secret.js";
import { digestToken } from "../../src/secrets/token.js";
import { tokenItem, tokens, users } from "./outcome.js";
import { placeWith } from "./token-place.js";

const generated = (...names: readonly string[]) => tokens(...names.map((name) => tokenItem(name, "{generate: true}")));

/** What a shell has of these variables once it has read a file. */
function inShell(path: string, names: readonly string[]): readonly string[] {
  const script = 'set -a; . "$0"; for name; do printenv "$name"; done';
  return execFileSync("/bin/sh", ["-eu", "-c", script, path, ...names], { encoding: "utf8" })
    .trim()
    .split("\n");
}

async function place() {
  const { command, kysely, folder, ...others } = await placeWith(
    `${users("username: jan, email: jan@example.nl")}${tokens()}`,
  );
  const path = join(folder, "tokens");
  const apply = (yaml: string, ...args: readonly string[]) => {
    writeFileSync(join(folder, "config.yaml"), yaml);
    return command(["apply", "config.yaml", "--tokens-out", path, ...args]);
  };
  /** Expects that these are the values of the tokens, as the database knows them. */
  const expectValues = async (values: Readonly<Record<string, string>>, names: readonly string[]) => {
    expect(Object.keys(values).sort()).toEqual([...names].sort());
    const rows = await kysely.selectFrom("api_tokens").select(["identifier", "digest"]).execute();
    const digests = Object.fromEntries(rows.map(({ identifier, digest }) => [identifier, digest]));
    for (const [name, value] of Object.entries(values)) expect(digestToken(new Secret(value))).toBe(digests[name]);
  };
  return { ...others, command, apply, expectValues, folder, path, text: () => readFileSync(path, "utf8") };
}

describe("--tokens-format dotenv", () => {
  const dotenv = ["--tokens-format", "dotenv"];

  it("writes variables that a shell reads, of apply, token create and token rotate, into one file of mode 0600", async () => {
    const { apply, command, expectValues, path, text } = await place();
    expect(await apply(generated("open-formulieren", "2e"), ...dotenv)).toMatchObject({ status: 0 });
    const more = ["--tokens-out", path, ...dotenv];
    expect(await command(["token", "create", "ci_token", "--user", "jan", ...more])).toMatchObject({ status: 0 });
    const before = inShell(path, ["OPEN_FORMULIEREN_TOKEN", "_2E_TOKEN", "CI_TOKEN"]);
    expect(await command(["token", "rotate", "2e", ...more])).toMatchObject({ status: 0 });
    const after = inShell(path, ["OPEN_FORMULIEREN_TOKEN", "_2E_TOKEN", "CI_TOKEN"]);
    expect([after[0], after[2]]).toEqual([before[0], before[2]]);
    expect(after[1]).not.toBe(before[1]);
    const [first = "", second = "", third = ""] = after;
    await expectValues({ "open-formulieren": first, "2e": second, ci_token: third }, [
      "open-formulieren",
      "2e",
      "ci_token",
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    // No quotes, which docker's --env-file would keep.
    expect(text()).toMatch(/^(?:# "[^"]+"\n\w+=vtb_\w+\n){3}$/);
  });

  it("refuses two identifiers of the same variable, and changes nothing", async () => {
    const { apply, contents, folder } = await place();
    const before = await contents();
    const { status, stderr } = await apply(generated("a-b", "a_b"), ...dotenv);
    expect({ status, stderr }).toMatchObject({
      status: 4,
      stderr: expect.stringContaining("the same variable, A_B_TOKEN"),
    });
    expect(await contents()).toBe(before);
    expect(readdirSync(folder).filter((name) => name.startsWith("tokens"))).toEqual([]);
  });

  it("says which tokens a file lacks, and nothing where it has all", async () => {
    const { apply, path } = await place();
    await apply(generated("a"), ...dotenv);
    const lacks = async () => (await apply(generated("a"), ...dotenv)).stderr.includes("TOKENS_NOT_IN_FILE");
    expect(await lacks()).toBe(false);
    rmSync(path);
    expect(await lacks()).toBe(true);
  });
});

describe("--tokens-format kubernetes-secret", () => {
  const secret = ["--tokens-format", "kubernetes-secret"];

  it("writes a manifest that YAML reads, and keeps its name and namespace when it is added to", async () => {
    const { apply, expectValues, text } = await place();
    const names = ["--secret-name", "api.tokens", "--secret-namespace", "open-forms"];
    expect(await apply(generated("on", "2e"), ...secret, ...names)).toMatchObject({ status: 0 });
    const before = parse(text());
    expect(await apply(generated("on", "2e", "a_b"), ...secret)).toMatchObject({ status: 0 });
    const manifest = parse(text());
    expect(manifest).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "api.tokens", namespace: "open-forms" },
      type: "Opaque",
      stringData: { ...before.stringData, a_b: expect.any(String) },
    });
    await expectValues(manifest.stringData, ["on", "2e", "a_b"]);
  });

  it("has a name without being told, and no namespace", async () => {
    const { apply, text } = await place();
    await apply(generated("a"), ...secret);
    expect(parse(text()).metadata).toEqual({ name: "vtb-setup-tokens" });
  });
});

describe("--tokens-format", () => {
  it("writes JSON where nothing else is asked for, and where it is", async () => {
    const { apply, expectValues, text } = await place();
    await apply(generated("a"));
    await apply(generated("a", "b"), "--tokens-format", "json");
    await expectValues(JSON.parse(text()), ["a", "b"]);
  });

  it.each([
    ["json", "dotenv"],
    ["dotenv", "kubernetes-secret"],
    ["kubernetes-secret", "json"],
  ])("never adds to a file of %s as %s, or to one that was edited", async (first, second) => {
    const { apply, text, path } = await place();
    await apply(generated("a"), "--tokens-format", first);
    const before = text();
    const refused = await apply(generated("a", "b"), "--tokens-format", second);
    expect(refused).toMatchObject({ status: 4, stderr: expect.stringContaining("[OUTPUT_FILE]") });
    expect(text()).toBe(before);
    expect(await apply(generated("a", "b"), "--tokens-format", first)).toMatchObject({ status: 0 });
    writeFileSync(path, `${text()}x: y\n`);
    expect(await apply(generated("a", "b", "c"), "--tokens-format", first)).toMatchObject({ status: 4 });
  });

  it.each([
    [["--tokens-format", "dotenv", "--secret-name", "a"]],
    [["--tokens-format", "kubernetes-secret", "--secret-name", "Api_Tokens"]],
    [["--tokens-format", "kubernetes-secret", "--secret-namespace", "a.b"]],
    [["--tokens-format", "toml"]],
  ])("refuses %j", async (args) => {
    const { apply, command, contents } = await place();
    const before = await contents();
    expect(await apply(generated("a"), ...args)).toMatchObject({ status: 64 });
    expect(await command(["apply", "config.yaml", "--tokens-format", "dotenv"])).toMatchObject({ status: 64 });
    expect(await contents()).toBe(before);
  });
});
