import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { writeFiles } from "../support/cli.js";
import { tokenA, tokenB, tokenC, tokenItem, tokens } from "./outcome.js";
import { placeWith } from "./token-place.js";

const dayMs = 86_400_000;
const inDays = (days: number): string => new Date(Date.now() + days * dayMs).toISOString();

/** A configuration with this policy, and these items. */
const under = (policy: string, ...items: readonly string[]): string =>
  `vtb_setup: {owner: shop, policy: {${policy}}}\n${tokens(...items)}`;
const withoutPolicy = (...items: readonly string[]): string => `vtb_setup: {owner: shop}\n${tokens(...items)}`;
const expiring = (days: number): string => `expires_at: "${inDays(days)}"`;

async function placeOf(yaml: string) {
  const place = await placeWith(yaml);
  const { folder, command, kysely } = place;
  return {
    ...place,
    run: async (name: "apply" | "plan" | "validate", text: string, ...args: readonly string[]) => {
      writeFiles(folder, { "config.yaml": text });
      const { status, stdout } = await command([name, "config.yaml", "--output", "json", ...args]);
      const { diagnostics, changes, outcome } = JSON.parse(stdout);
      return { status, outcome, changes, diagnostics };
    },
    /** Makes a token as old as this, and unused since. */
    age: async (identifier: string, days: number) => {
      const at = inDays(-days);
      const row = { created_at: at, value_since: at, last_used_at: null } as const;
      await kysely.updateTable("api_tokens").set(row).where("identifier", "=", identifier).execute();
    },
    agePolicy: (days: number) =>
      kysely
        .updateTable("owner_policies")
        .set({ created_at: inDays(-days) })
        .execute(),
    json: async (...args: readonly string[]) => JSON.parse((await command([...args, "--output", "json"])).stdout),
  };
}

describe("policy", () => {
  it("is stored with its owner, shown as a change, written once, and ended by a vtb_setup without it", async () => {
    const { run, kysely, contents } = await placeOf(withoutPolicy());
    const first = await run("plan", under("max_lifetime: 365d, unused_after: 90d"));
    expect(first.changes).toMatchObject([{ action: "create", kind: "policy", key: "shop", source: { line: 1 } }]);
    expect(await run("apply", under("max_lifetime: 365d, unused_after: 90d"))).toMatchObject({ outcome: "applied" });
    const rows = await kysely.selectFrom("owner_policies").selectAll().execute();
    expect(rows).toMatchObject([
      {
        owner: "shop",
        require_expiry: 0,
        max_lifetime_seconds: 365 * 86_400,
        warn_before_seconds: 30 * 86_400,
        unused_after_seconds: 90 * 86_400,
      },
    ]);
    const before = await contents();
    expect(await run("apply", under("max_lifetime: 8760h, unused_after: 90d"))).toMatchObject({ outcome: "unchanged" });
    expect(await run("apply", tokens(), "--owner", "shop")).toMatchObject({ outcome: "unchanged" });
    expect(await contents()).toBe(before);

    const changed = await run("apply", under("max_lifetime: 300d"));
    expect(changed.changes).toMatchObject([
      {
        action: "update",
        kind: "policy",
        key: "shop",
        fields: [
          { name: "max_lifetime_seconds", before: 365 * 86_400, after: 300 * 86_400 },
          { name: "unused_after_seconds", before: 90 * 86_400, after: null },
        ],
      },
    ]);
    const [kept] = await kysely.selectFrom("owner_policies").selectAll().execute();
    expect(kept?.created_at).toBe(rows[0]?.created_at);
    expect((await run("apply", withoutPolicy())).changes).toMatchObject([{ action: "delete", kind: "policy" }]);
    expect(await kysely.selectFrom("owner_policies").selectAll().execute()).toEqual([]);
    const journal = await kysely.selectFrom("run_changes").select(["action"]).where("kind", "=", "policy").execute();
    expect(journal.map(({ action }) => action).sort()).toEqual(["create", "delete", "update"]);
  });

  it("goes with the entries to another owner, keeps its first apply, and ends where that owner has one", async () => {
    const { run, age, agePolicy, kysely } = await placeOf(withoutPolicy());
    const stored = () => kysely.selectFrom("owner_policies").selectAll().orderBy("owner").execute();
    const of = (owner: string, policy: string) =>
      `vtb_setup: {owner: ${owner}${policy && `, policy: {${policy}}`}}\n${tokens(tokenItem("a", tokenA))}`;
    await run("apply", of("shop", "max_lifetime: 90d, unused_after: 50d"));
    await agePolicy(60);
    await age("a", 45);
    const [before] = await stored();
    // Its time is not a whole one again.
    expect(await run("plan", of("{name: bank, formerly: shop}", "unused_after: 40d"))).toMatchObject({
      status: 4,
      diagnostics: [{ code: "POLICY_ENDS_TOKENS", message: expect.stringMatching(/owner bank would end .*: a$/) }],
    });
    const taken = of("{name: bank, formerly: shop}", "max_lifetime: 80d");
    const { status, changes } = await run("apply", taken);
    expect({ status, changes }).toMatchObject({
      status: 0,
      changes: [{}, { action: "update", kind: "policy", key: "bank" }],
    });
    expect(changes[1].fields).toMatchObject([
      { name: "key", before: "shop", after: "bank" },
      { name: "max_lifetime_seconds" },
      { name: "unused_after_seconds" },
      { name: "owner", before: "shop", after: "bank" },
    ]);
    expect(await stored()).toMatchObject([{ id: before?.id, owner: "bank", created_at: before?.created_at }]);
    expect(await run("apply", taken)).toMatchObject({ outcome: "unchanged" });

    await run("apply", `vtb_setup: {owner: shop, policy: {max_lifetime: 60d}}\n${tokens()}`);
    expect((await run("apply", taken)).changes).toMatchObject([{ action: "delete", kind: "policy", key: "shop" }]);
    const ended = await run("apply", of("{name: shop, formerly: bank}", ""));
    expect(ended.changes).toMatchObject([{}, { action: "delete", kind: "policy", key: "bank" }]);
    expect(await stored()).toEqual([]);
  });

  it("of two former owners that another one takes over from becomes one", async () => {
    const { run, folder, kysely } = await placeOf(withoutPolicy());
    const of = (owner: string, ...items: readonly string[]) =>
      `vtb_setup: {owner: ${owner}, policy: {max_lifetime: 90d}}\n${tokens(...items)}`;
    await run("apply", of("shop", tokenItem("a", tokenA)));
    await run("apply", of("store", tokenItem("b", tokenB)));
    writeFiles(folder, { "other.yaml": of("{name: bank, formerly: store}", tokenItem("b", tokenB)) });
    const taken = of("{name: bank, formerly: shop}", tokenItem("a", tokenA));
    const { status, changes } = await run("apply", taken, "other.yaml");
    expect({ status, changes }).toMatchObject({
      status: 0,
      changes: [{}, {}, { action: "update", key: "bank" }, { action: "delete", kind: "policy", key: "store" }],
    });
    expect(await kysely.selectFrom("owner_policies").select("owner").execute()).toEqual([{ owner: "bank" }]);
    expect(await run("apply", taken, "other.yaml")).toMatchObject({ outcome: "unchanged" });
  });

  it("is exported with its owner's entries, to a file that changes nothing", async () => {
    const { folder, command, run } = await placeOf(withoutPolicy());
    await run("apply", under("require_expiry: true, max_lifetime: 90d, unused_after: 36h"));
    const { stdout } = await command(["export", "--owner", "shop"]);
    expect(parse(stdout).vtb_setup).toEqual({
      format: 1,
      owner: "shop",
      policy: { require_expiry: true, max_lifetime: "90d", warn_before: "30d", unused_after: "36h" },
    });
    writeFiles(folder, { "exported.yaml": `${stdout}${tokens()}` });
    expect(await command(["plan", "exported.yaml", "--detailed-exitcode"])).toMatchObject({ status: 0 });
  });

  it("stays without a note where a file says nothing of the run: it is no entry that one could declare or prune", async () => {
    const place = await placeOf(under("max_lifetime: 400d", tokenItem("kassa", tokenA)));
    const planned = await place.run("plan", tokens(tokenItem("kassa", tokenA)), "--owner", "shop");
    expect([planned.outcome, planned.changes]).toEqual(["unchanged", []]);
    expect(planned.diagnostics.filter(({ code }: { readonly code: string }) => code === "UNDECLARED")).toEqual([]);
    const less = await place.run("plan", tokens(tokenItem("balie", tokenB)), "--owner", "shop");
    expect(
      less.diagnostics.flatMap(({ code, message }: { readonly code: string; readonly message: string }) =>
        code === "UNDECLARED" ? [message] : [],
      ),
    ).toEqual(["1 entry that the owner shop manages is in no file and stays as it is: api_token kassa"]);
  });

  it("refuses entries that do not comply, at their line, and accepts those that do", async () => {
    const { run } = await placeOf(withoutPolicy());
    const strict = (...items: readonly string[]) => under("require_expiry: true, max_lifetime: 90d", ...items);
    const wrong = strict(
      tokenItem("a", tokenA),
      tokenItem("b", tokenB, expiring(91)),
      tokenItem("c", tokenC, expiring(89)),
    );
    for (const command of ["validate", "plan", "apply"] as const) {
      const { status, diagnostics } = await run(command, wrong);
      expect({ command, status, diagnostics }).toMatchObject({
        status: 3,
        diagnostics: [
          {
            severity: "error",
            code: "POLICY_VIOLATED",
            line: 5,
            message: expect.stringContaining("owner shop requires"),
          },
          { severity: "error", code: "POLICY_VIOLATED", line: 6, hint: expect.stringMatching(/at the latest$/) },
        ],
      });
    }
    expect(await run("apply", strict(tokenItem("c", tokenC, expiring(89))))).toMatchObject({ status: 0 });
  });

  it("counts the lifetime from the value or its valid_from, not from the run", async () => {
    const { run, age } = await placeOf(under("max_lifetime: 90d", tokenItem("a", tokenA)));
    await age("a", 20);
    const written = (value: string, days: number, more = "") =>
      under("max_lifetime: 90d", tokenItem("a", value, `${expiring(days)}${more}`));
    expect(await run("plan", written(tokenA, 71))).toMatchObject({ status: 3 });
    expect(await run("plan", written(tokenA, 69))).toMatchObject({ status: 0 });
    expect(await run("plan", written(tokenB, 89))).toMatchObject({ status: 0 });
    expect(await run("plan", written(tokenA, 99, `, valid_from: "${inDays(10)}"`))).toMatchObject({ status: 0 });
  });

  it("judges what nobody manages by the strictest, and what others manage not at all", async () => {
    const { run, command, apply, use } = await placeOf(withoutPolicy());
    await apply(
      `default_user_configuration_enable: true\ndefault_user_configuration_config:\n  users: [{username: jan, email: jan@example.nl}]\n${tokens(tokenItem("other", tokenA))}`,
      "--owner",
      "bank",
    );
    await run("apply", under("require_expiry: true, max_lifetime: 90d"));
    expect(await run("plan", tokens(tokenItem("other", tokenA)), "--owner", "bank")).toMatchObject({ status: 0 });
    const create = (...args: readonly string[]) => command(["token", "create", "nieuw", "--user", "jan", ...args]);
    const door = ["--tokens-out", "tokens.json"];
    const without = await create(...door);
    expect(without).toMatchObject({ status: 4, stderr: expect.stringContaining("POLICY_VIOLATED") });
    expect(without.stderr).toContain("owner shop");
    expect((await create("--expires-at", inDays(91), ...door)).status).toBe(4);
    expect((await create("--expires-at", inDays(89), ...door)).status).toBe(0);
    expect(await use(tokenA)).toBe("authenticated");
  });

  it("names the tokens that it would end at once, and ends them where that is allowed", async () => {
    const { run, age, agePolicy, use, kysely } = await placeOf(
      withoutPolicy(tokenItem("a", tokenA), tokenItem("b", tokenB), tokenItem("c", tokenC)),
    );
    const items = [tokenItem("a", tokenA), tokenItem("b", tokenB), tokenItem("c", tokenC)];
    await age("a", 100);
    await age("b", 100);
    const refused = await run("apply", under("max_lifetime: 90d", ...items));
    expect(refused).toMatchObject({
      status: 4,
      diagnostics: [
        {
          code: "POLICY_ENDS_TOKENS",
          line: 1,
          message: "the policy of the owner shop would end 2 API tokens at once: a, b",
        },
      ],
    });
    // Without a use, which would be noted at some later time.
    expect(await kysely.selectFrom("owner_policies").selectAll().execute()).toEqual([]);
    const renewed = [tokenItem("a", `${tokenA}a`), tokenItem("b", `${tokenB}b`), tokenItem("c", tokenC)];
    expect(await run("plan", under("max_lifetime: 90d", ...renewed))).toMatchObject({ status: 0 });
    const allow = ["--allow", "POLICY_ENDS_TOKENS"];
    expect(await run("apply", under("max_lifetime: 90d", ...items), ...allow)).toMatchObject({ status: 0 });
    expect([await use(tokenA), await use(tokenC)]).toEqual(["lifetime_ended a", "authenticated"]);
    // What has ended is not ended once more.
    expect(await run("apply", under("max_lifetime: 80d", ...items))).toMatchObject({ status: 0 });
    // A first policy gives each its whole time; a stricter one may not.
    expect(await run("apply", under("unused_after: 95d", ...items))).toMatchObject({ status: 0 });
    await agePolicy(93);
    expect((await run("apply", under("unused_after: 90d", ...items))).diagnostics).toMatchObject([
      { code: "POLICY_ENDS_TOKENS", message: expect.stringMatching(/2 API tokens at once: a, b$/) },
    ]);
  });

  it("ends tokens made by hand with a warning as well", async () => {
    const { run, age, kysely } = await placeOf(withoutPolicy(tokenItem("a", tokenA)));
    await age("a", 100);
    await kysely.updateTable("api_tokens").set({ owner: null }).execute();
    expect(await run("apply", under("max_lifetime: 90d"))).toMatchObject({
      status: 4,
      diagnostics: [{ code: "POLICY_ENDS_TOKENS", message: expect.stringMatching(/1 API token at once: a$/) }],
    });
  });

  it("warns of what expires soon: entries at their line, others by name", async () => {
    const items = [tokenItem("a", tokenA, expiring(5.5)), tokenItem("b", tokenB, expiring(50)), tokenItem("c", tokenC)];
    const { run, age } = await placeOf(withoutPolicy(...items));
    await age("c", 80);
    const policy = "max_lifetime: 90d, warn_before: 20d";
    for (const command of ["plan", "apply"] as const) {
      const { status, diagnostics } = await run(command, under(policy, ...items));
      expect({ status, diagnostics }).toMatchObject({
        status: 0,
        diagnostics: [
          { severity: "warning", code: "EXPIRES_SOON", line: 5, message: "api_token a expires in 5 days" },
          { code: "EXPIRES_SOON", line: 7, message: expect.stringMatching(/c expires in \d+ days, by its policy's/) },
        ],
      });
    }
    const [note, warning] = (await run("plan", under(policy, ...items.slice(0, 1)))).diagnostics.toReversed();
    expect([note.code, warning.code].sort()).toEqual(["EXPIRES_SOON", "UNDECLARED"]);
    expect((await run("plan", withoutPolicy(...items))).diagnostics).toEqual([]);
  });

  it("is in the states and ends that token list and show print", async () => {
    const items = [tokenItem("a", tokenA), tokenItem("b", tokenB), tokenItem("c", tokenC)];
    const { run, age, agePolicy, json, use } = await placeOf(withoutPolicy(...items));
    await age("a", 100);
    await age("b", 60);
    const policy = under("max_lifetime: 90d, unused_after: 50d", ...items);
    expect(await run("apply", policy, "--allow", "POLICY_ENDS_TOKENS")).toMatchObject({ status: 0 });
    await agePolicy(51);
    const keys = async (...args: readonly string[]) =>
      (await json("token", "list", ...args)).items.map(({ identifier }: { identifier: string }) => identifier);
    const { items: all } = await json("token", "list");
    expect(all.map((item: { state: string }) => item.state)).toEqual(["expired", "unused", "active"]);
    expect(all[1].expiresAt.slice(0, 10)).toBe(inDays(30).slice(0, 10));
    expect(await keys("--state", "unused")).toEqual(["b"]);
    expect(await keys("--state", "expired")).toEqual(["a"]);
    expect(await keys("--expiring", "91d")).toEqual(["c"]);
    expect(await keys("--expiring", "89d")).toEqual([]);
    expect((await json("token", "show", "b")).items[0]).toMatchObject({ state: "unused" });
    expect([await use(tokenA), await use(tokenB), await use(tokenC)]).toEqual([
      "lifetime_ended a",
      "unused b",
      "authenticated",
    ]);
  });

  it("lists no token as unused, and is refused for none, that only started to work since", async () => {
    const begun = `valid_from: "${inDays(-10)}"`;
    const items = [tokenItem("a", tokenA), tokenItem("b", tokenB, begun)];
    const { run, age, agePolicy, json, use } = await placeOf(under("unused_after: 90d", ...items));
    await age("a", 100);
    await age("b", 100);
    await agePolicy(99);
    const { items: all } = await json("token", "list");
    expect(all.map((item: { state: string }) => item.state)).toEqual(["unused", "active"]);
    expect(await run("plan", under("unused_after: 50d", ...items))).toMatchObject({ status: 0 });
    expect([await use(tokenA), await use(tokenB)]).toEqual(["unused a", "authenticated"]);
  });

  it("is held by token enable and token rotate", async () => {
    const items = [tokenItem("a", tokenA), tokenItem("b", tokenB)];
    const { run, age, command, kysely, use } = await placeOf(withoutPolicy(...items));
    await command(["token", "disable", "a", "b"]);
    await age("a", 100);
    await run("apply", under("max_lifetime: 90d", ...items));
    const refused = await command(["token", "enable", "a"]);
    expect(refused).toMatchObject({
      status: 4,
      stderr: expect.stringContaining("was ended by the policy of the owner shop"),
    });
    expect((await command(["token", "enable", "b"])).status).toBe(0);
    expect(await use(tokenB)).toBe("authenticated");
    await kysely.updateTable("api_tokens").set({ owner: null }).execute();
    const rotate = (name: string) => command(["token", "rotate", name, "--tokens-out", `${name}.json`]);
    expect((await rotate("b")).status).toBe(0);
    await run("apply", under("require_expiry: true"));
    expect(await rotate("b")).toMatchObject({ status: 4, stderr: expect.stringContaining("has no expiry") });
  });
});
