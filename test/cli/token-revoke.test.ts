import { describe, expect, it } from "vitest";
import { createTokenOperations } from "../../src/operations/token-operations.js";
import { runCli } from "../support/cli.js";
import { sealingEnv } from "../support/databases.js";
import { temporaryFolder } from "../support/run.js";
import { tokenA, tokenB, tokenC, tokenItem, tokens, users } from "./outcome.js";
import { placeWith } from "./token-place.js";

const grace = "grace_period: 24h";

/** {@link placeWith}, and what the journal has. */
async function placeOf(yaml: string) {
  const place = await placeWith(yaml);
  return { ...place, runs: () => place.kysely.selectFrom("runs").selectAll().orderBy("started_at").execute() };
}

const codes = (json: { readonly diagnostics: readonly { readonly code: string }[] }) =>
  json.diagnostics.map(({ code }) => code);

describe("token revoke NAME", () => {
  it("ends all values of a token that a file manages, at a verifier that runs all the while, and no other token", async () => {
    const { apply, command, use } = await placeOf(tokens(tokenItem("a", tokenA, grace), tokenItem("b", tokenB)));
    await apply(tokens(tokenItem("a", tokenC, grace), tokenItem("b", tokenB)));
    expect([await use(tokenA), await use(tokenC)]).toEqual(["authenticated", "authenticated"]);
    const run = await command(["token", "revoke", "a", "--reason", "leaked"]);
    expect(run).toMatchObject({ status: 0, stdout: "  a\nRevoked: 1 token.\n", stderr: "" });
    expect(await use(tokenA)).toBe("revoked a");
    expect(await use(tokenC)).toBe("revoked a");
    expect(await use(tokenB)).toBe("authenticated");
  });

  it("shows who revoked it and why, and lists it as revoked", async () => {
    const { command } = await placeOf(tokens(tokenItem("a", tokenA), tokenItem("b", tokenB)));
    await command(["token", "revoke", "a", "--reason", "compromised", "--actor", "jan@example.nl"]);
    const { stdout } = await command(["token", "show", "a"]);
    expect(stdout).toMatch(/^ {2}state: +revoked$/m);
    expect(stdout).toMatch(/^ {2}revoked: +\d{4}-\d\d-\d\d \d\d:\d\dZ by jan@example\.nl \(compromised\)$/m);
    const listed = async (state: string) =>
      JSON.parse((await command(["token", "list", "--state", state, "--output", "json"])).stdout).items.map(
        ({ identifier }: { readonly identifier: string }) => identifier,
      );
    expect([await listed("revoked"), await listed("active")]).toEqual([["a"], ["b"]]);
  });

  it("is left so by apply, which warns where the value stands and fails nothing; a new value works, without grace for the old", async () => {
    const { apply, command, use, contents, kysely } = await placeOf(tokens(tokenItem("a", tokenA, grace)));
    await command(["token", "revoke", "a", "--reason", "leaked"]);
    const before = await contents();
    const again = await apply(tokens(tokenItem("a", tokenA, grace)));
    expect(again).toMatchObject({
      outcome: "unchanged",
      diagnostics: [{ severity: "warning", code: "TOKEN_REVOKED", line: 4, column: 7 }],
    });
    expect(JSON.stringify(again)).not.toContain(tokenA);
    expect(await contents()).toBe(before);
    expect(await use(tokenA)).toBe("revoked a");

    expect(codes(await apply(tokens(tokenItem("a", tokenB, grace))))).toEqual([]);
    expect(await use(tokenB)).toBe("authenticated");
    expect(await use(tokenA)).toBe("revoked a");
    expect(await kysely.selectFrom("api_token_retired").select("digest").execute()).toEqual([]);
    // A value that was not revoked gets its grace period.
    await apply(tokens(tokenItem("a", tokenC, grace)));
    expect([await use(tokenC), await use(tokenB)]).toEqual(["authenticated", "authenticated"]);
  });

  it("holds when the token is deleted, and for another token with the same value", async () => {
    const { apply, command, use } = await placeOf(tokens(tokenItem("a", tokenA)));
    await command(["token", "revoke", "a"]);
    await apply(tokens("    - {identifier: a, state: absent}\n"));
    expect(await use(tokenA)).toBe("revoked a");
    expect(codes(await apply(tokens(tokenItem("another", tokenA))))).toEqual(["TOKEN_REVOKED"]);
    expect(await use(tokenA)).toBe("revoked another");
  });

  it("is not what state: absent and --prune do: the same value declared again works", async () => {
    const { apply, use } = await placeOf(tokens(tokenItem("a", tokenA), tokenItem("b", tokenB)));
    await apply(tokens("    - {identifier: a, state: absent}\n", tokenItem("b", tokenB)));
    expect(await use(tokenA)).toBe("unknown_token");
    expect(codes(await apply(tokens(tokenItem("a", tokenA), tokenItem("b", tokenB))))).toEqual([]);
    expect(await use(tokenA)).toBe("authenticated");
    await apply(tokens(tokenItem("a", tokenA)), "--prune");
    expect(await use(tokenB)).toBe("unknown_token");
    expect(codes(await apply(tokens(tokenItem("a", tokenA), tokenItem("b", tokenB))))).toEqual([]);
    expect(await use(tokenB)).toBe("authenticated");
  });

  it("of a generated token warns where a file asks to generate it", async () => {
    const item = tokenItem("a", "{generate: true}");
    const { apply, command, use } = await placeOf(tokens(tokenItem("b", tokenB)));
    const [{ token }] = (await apply(tokens(item))).generated;
    await command(["token", "revoke", "a"]);
    const again = await apply(tokens(item));
    expect(again).toMatchObject({
      outcome: "unchanged",
      diagnostics: [{ code: "TOKEN_REVOKED" }, { code: "UNDECLARED" }],
    });
    expect(await use(token)).toBe("revoked a");
  });

  it("changes nothing the second time, and keeps the first reason", async () => {
    const { command, kysely, contents } = await placeOf(tokens(tokenItem("a", tokenA)));
    await command(["token", "revoke", "a", "--reason", "leaked"]);
    const before = await contents();
    const { status, stdout } = await command(["token", "revoke", "a", "--reason", "unused"]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "Revoked: 0 tokens, 1 unchanged.\n" });
    expect(await contents()).toBe(before);
    expect(await kysely.selectFrom("api_token_revoked").select("reason").execute()).toEqual([{ reason: "leaked" }]);
  });

  it("refuses all where one name is unknown, and quotes none: it may be a value", async () => {
    const { command, use, contents } = await placeOf(tokens(tokenItem("a", tokenA)));
    const before = await contents();
    const { status, stdout, stderr } = await command(["token", "revoke", "a", tokenB]);
    expect({ status, stdout }).toEqual({ status: 4, stdout: "" });
    expect(stderr).toContain("there is no token with the identifier at position 2 of 2 [TOKEN_NOT_FOUND]");
    expect(stderr).not.toContain(tokenB);
    expect(await contents()).toBe(before);
    expect(await use(tokenA)).toBe("authenticated");
  });

  it("is in the journal with the user of the operating system and whom they act for, as an apply is", async () => {
    const { command, apply, kysely, runs } = await placeOf(tokens(tokenItem("a", tokenA), tokenItem("b", tokenB)));
    await command(["token", "revoke", "a", "--actor", "jan@example.nl"]);
    await command(["token", "revoke", "b"], { env: { VTB_SETUP_ACTOR: "ci" } });
    await apply(tokens(tokenItem("a", tokenC)), "--actor", "piet");
    const found = await runs();
    expect(found.map((run) => run.claimed_actor)).toEqual([null, "jan@example.nl", "ci", "piet"]);
    expect(found.map(({ through }) => through)).toEqual(["apply", "token revoke", "token revoke", "apply"]);
    expect(new Set(found.map(({ actor }) => actor)).size).toBe(1);
    expect(found[0]?.actor).toMatch(/^.+@.+$/);
    const changes = await kysely
      .selectFrom("run_changes")
      .selectAll()
      .where("run_id", "=", found[1]?.id ?? "")
      .execute();
    expect(changes).toMatchObject([{ action: "update", kind: "api_token", key: "a" }]);
    expect(JSON.parse(changes[0]?.fields ?? "")).toEqual([{ name: "revoked", before: null, after: "other" }]);
    const bad = await command(["token", "revoke", "a", "--actor", "jan\u200b"]);
    expect(bad).toMatchObject({ status: 64 });
  });

  it("needs names or --stdin, and not both, and creates no database", async () => {
    const folder = temporaryFolder();
    for (const args of [[], ["a", "--stdin"]]) {
      expect(await runCli(["token", "revoke", ...args], { cwd: folder })).toMatchObject({ status: 64, stdout: "" });
    }
    const none = await runCli(["token", "revoke", "a"], { cwd: folder });
    expect(none.stderr).toContain("[DATABASE_OLDER]");
    expect(none.status).toBe(5);
  });
});

describe("token revoke --stdin", () => {
  it("ends the values that leaked, current and replaced, tells unknown ones by their line, and quotes none", async () => {
    const { apply, command, use } = await placeOf(
      tokens(tokenItem("a", tokenA, grace), tokenItem("b", tokenB), tokenItem("c", `${tokenA}9`)),
    );
    await apply(tokens(tokenItem("a", tokenC, grace), tokenItem("b", tokenB), tokenItem("c", `${tokenA}9`)));
    const nobodys = "e0d1c2b3a495867768594a3b2c1d0e0f1a2b3c4d";
    const input = `\ufeff${tokenA}\r\n\n ${tokenB} \n${nobodys}\n${tokenB}\n`;
    const run = await command(["token", "revoke", "--stdin", "--reason", "leaked"], { input });
    expect(run).toMatchObject({
      status: 0,
      stderr: "",
      stdout: "  a\n  b\nRevoked: 2 tokens, 1 unknown value.\nNo token has the value on line 4.\n",
    });
    expect([await use(tokenA), await use(tokenB), await use(nobodys)]).toEqual([
      "revoked a",
      "revoked b",
      "unknown_token",
    ]);
    // The current value did not leak.
    expect([await use(tokenC), await use(`${tokenA}9`)]).toEqual(["authenticated", "authenticated"]);
    const again = await command(["token", "revoke", "--stdin", "--output", "json"], { input });
    expect(JSON.parse(again.stdout)).toMatchObject({ outcome: "unchanged", changes: [], unknownLines: [4] });
  });

  it("ends 1,200 values in one run, and no other", async () => {
    const value = (index: number) => `${tokenA.slice(0, 36)}${String(index).padStart(4, "0")}`;
    const items = Array.from({ length: 1201 }, (_, index) => tokenItem(`t${index}`, value(index)));
    const { command, use, runs, kysely } = await placeOf(tokens(...items));
    const input = Array.from({ length: 1200 }, (_, index) => value(index)).join("\n");
    const { status, stdout } = await command(["token", "revoke", "--stdin", "--output", "json"], { input });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: "applied", summary: { update: 1200 }, unknownLines: [] });
    expect(await runs()).toHaveLength(2);
    expect(await kysely.selectFrom("api_token_revoked").select("digest").execute()).toHaveLength(1200);
    expect([await use(value(0)), await use(value(1199)), await use(value(1200))]).toEqual([
      "revoked t0",
      "revoked t1199",
      "authenticated",
    ]);
  });
});

describe("a token that its user revoked", () => {
  it("does not work again where a file declares its value, and leaves one run", async () => {
    const { url, kysely, use, apply, runs } = await placeOf(users("username: jan, email: jan@example.nl"));
    const { id: userId } = await kysely.selectFrom("users").select("id").executeTakeFirstOrThrow();
    const operations = await createTokenOperations({ database: url, env: sealingEnv() });
    const wanted = { userId, identifier: "own", contactPerson: "Jan", email: "jan@example.nl", actor: "login:jan" };
    const created = await operations.create(wanted);
    const value = created.kind === "created" ? created.token.reveal() : "";
    expect(await use(value)).toBe("authenticated");
    expect(await operations.list(userId)).toMatchObject([{ identifier: "own", isRevoked: false }]);
    await operations.revoke({ userId, identifier: "own", actor: "login:jan" });
    await operations.close();
    expect(await use(value)).toBe("revoked own");
    expect(await runs()).toHaveLength(3);
    expect(codes(await apply(tokens(tokenItem("own", value))))).toContain("TOKEN_REVOKED");
    expect(await use(value)).toBe("revoked own");
  });
});
