import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { runCli, writeFiles } from "../support/cli.js";
import { contentsOf, databaseOf, sealingEnv } from "../support/databases.js";
import { openForTest, temporaryFolder } from "../support/run.js";
import { tokenA, tokenItem, tokens, users } from "./outcome.js";

const jan = "username: jan, email: jan@example.nl, permissions: [taken.view_a, taken.view_b]";

async function place() {
  const folder = temporaryFolder();
  const command = (...args: readonly string[]) => runCli(args, { cwd: folder });
  const yaml = `${users(jan, "username: weg, email: weg@example.nl, is_active: false")}${tokens(tokenItem("managed", tokenA))}`;
  writeFiles(folder, { "config.yaml": yaml });
  expect(await command("apply", "config.yaml")).toMatchObject({ status: 0 });
  const url = databaseOf(folder);
  return {
    folder,
    command,
    create: (...args: readonly string[]) => command("token", "create", "own", "--output", "json", ...args),
    permissionsOf: async (value: string) => {
      const verifier = await createVerifier({ database: url, env: sealingEnv() });
      const outcome = await verifier.authenticate(`Token ${value}`);
      await verifier.close();
      return outcome.kind === "authenticated" ? [...outcome.principal.permissions].sort() : outcome.kind;
    },
    contents: () => contentsOf(url),
    kysely: (await openForTest(url)).kysely,
  };
}

describe("token create", () => {
  it("creates a token that may what its user may, shows its value once, and is left alone by apply --prune", async () => {
    const { create, permissionsOf, command } = await place();
    const { status, stdout } = await create("--user", "jan");
    expect(status).toBe(0);
    const { generated, ...json } = JSON.parse(stdout);
    expect(json).toMatchObject({ command: "token create", outcome: "applied", summary: { create: 1, update: 0 } });
    const [{ token }] = generated;
    expect(await permissionsOf(token)).toEqual(["taken.view_a", "taken.view_b"]);
    expect(await command("apply", "config.yaml", "--prune")).toMatchObject({ status: 0 });
    expect(await permissionsOf(token)).toEqual(["taken.view_a", "taken.view_b"]);
    const shown = JSON.parse((await command("token", "show", "own", "--output", "json")).stdout).items;
    expect(shown).toMatchObject([{ user: "jan", owner: null, contactPerson: "jan", email: "jan@example.nl" }]);
  });

  it("limits it to permissions that its user has, and to a time", async () => {
    const { create, permissionsOf, kysely } = await place();
    const run = await create(
      "--user",
      "jan",
      "--permission",
      "taken.view_a",
      "--expires-at",
      "2040-01-01T00:00:00+01:00",
      "--actor",
      "piet",
    );
    expect(await permissionsOf(JSON.parse(run.stdout).generated[0].token)).toEqual(["taken.view_a"]);
    const row = await kysely.selectFrom("api_tokens").selectAll().where("identifier", "=", "own").executeTakeFirst();
    expect(row).toMatchObject({ expires_at: "2039-12-31T23:00:00.000Z", generated: 1 });
    const runs = await kysely
      .selectFrom("runs")
      .select(["claimed_actor", "through"])
      .where("claimed_actor", "is not", null)
      .execute();
    expect(runs).toEqual([{ claimed_actor: "piet", through: "token create" }]);
  });

  it.each([
    [["--user", "jan", "--permission", "taken.delete_a"], 4, "INVALID_VALUE"],
    [["--user", "jan", "--expires-at", "2020-01-01T00:00:00Z"], 4, "INVALID_VALUE"],
    [["--user", "jan", "--email", "nowhere"], 4, "INVALID_VALUE"],
    [["--user", "nobody"], 4, "INVALID_VALUE"],
    [["--user", "weg"], 4, "INVALID_VALUE"],
    [["--user", "managed", "--email", "a@example.nl"], 4, "INVALID_VALUE"],
    [["--user", "jan", "--expires-at", "2040-01-01"], 64, "COMMAND_LINE"],
    [["--user", "jan", "--expires-at", "2040-02-31T12:00Z"], 64, "COMMAND_LINE"],
    [["--user", "jan", "--valid-from", "2030-04-31T12:00+01:00"], 64, "COMMAND_LINE"],
    [[], 64, "COMMAND_LINE"],
  ])("refuses %j and changes nothing", async (args, expected, code) => {
    const { create, contents } = await place();
    const before = await contents();
    const { status, stdout } = await create(...args);
    expect({
      status,
      codes: JSON.parse(stdout).diagnostics.map((found: { readonly code: string }) => found.code),
    }).toEqual({
      status: expected,
      codes: [code],
    });
    expect(await contents()).toBe(before);
  });

  it("refuses an identifier that is taken, and a run whose value nobody would see", async () => {
    const { command, contents } = await place();
    const before = await contents();
    const taken = await command("token", "create", "managed", "--user", "jan", "--output", "json");
    expect(JSON.parse(taken.stdout).diagnostics).toMatchObject([{ code: "TOKEN_EXISTS" }]);
    const unseen = await command("token", "create", "own", "--user", "jan");
    expect(unseen.stderr).toContain("[TOKENS_UNSEEN]");
    expect([taken.status, unseen.status]).toEqual([4, 4]);
    expect(await contents()).toBe(before);
  });

  it("writes the value to the file of --tokens-out, and prints it nowhere", async () => {
    const { command, folder, permissionsOf } = await place();
    const run = await command("token", "create", "own", "--user", "jan", "--tokens-out", "out.json");
    expect(run).toMatchObject({ status: 0, stdout: "  own\nCreated: 1 token.\n" });
    const { own } = JSON.parse(readFileSync(join(folder, "out.json"), "utf8"));
    expect(run.stdout + run.stderr).not.toContain(own);
    expect(await permissionsOf(own)).toEqual(["taken.view_a", "taken.view_b"]);
  });
});
