import { describe, expect, it } from "vitest";
import { isGuardAllowed } from "../../src/apply/severity.js";
import { runCli, writeFiles } from "../support/cli.js";
import { databaseOf } from "../support/databases.js";
import { openForTest } from "../support/run.js";
import { migratedWorkplace, tokenItem, tokens, users, type Workplace } from "./outcome.js";

const owned = (owner: string, yaml: string) => `vtb_setup: {owner: ${owner}}\n${yaml}`;
const allowing = (code: string, yaml: string) => `vtb_setup: {allow: [${code}]}\n${yaml}`;
const groups = (...names: readonly string[]) =>
  `groups_config_enable: true\ngroups_config: {items: [${names.map((name) => `{name: ${name}}`).join(", ")}]}\n`;
const strong = "kX9vQ2mR7tB4nW8cZ1pL6sD3fG5hJ0aY";
const commands = ["plan", "apply"];

/** A database in which shop manages one entry of several kinds. */
async function shop(): Promise<Workplace> {
  const place = await migratedWorkplace({
    "shop.yaml": owned(
      "shop",
      groups("kassiers") + users("username: jan, email: j@x.nl") + tokens(tokenItem("kassa", strong)),
    ),
  });
  expect((await place.run(["apply", "shop.yaml"])).status).toBe(0);
  return place;
}

describe("F204: guards", () => {
  it("are refusals, in JSON and text", async () => {
    const place = await shop();
    writeFiles(place.folder, { "stock.yaml": owned("stock", groups("kassiers")) });
    for (const command of commands) {
      expect(await place.run([command, "stock.yaml"])).toMatchObject({
        status: 4,
        diagnostics: ["refusal OWNED_BY_OTHER 3:25"],
      });
    }
    const shown = await runCli(["plan", "stock.yaml"], { cwd: place.folder });
    expect(shown.stderr).toContain(
      "stock.yaml:3:25: refusal: group kassiers is managed by the owner shop [OWNED_BY_OTHER]",
    );
    expect(shown.stderr).toContain("1 refusal; nothing was changed.");
  });

  it("become warnings with --allow, that --strict does not raise; an allowed OWNED_BY_OTHER takes over what is declared", async () => {
    const place = await shop();
    writeFiles(place.folder, {
      "stock.yaml": owned(
        "stock",
        groups("kassiers") + users("username: jan, email: j@x.nl") + tokens(tokenItem("kassa", strong)),
      ),
    });
    const planned = await place.run(["plan", "stock.yaml", "--allow", "OWNED_BY_OTHER", "--strict"]);
    expect(planned.status).toBe(0);
    expect(planned.json.changes?.map(({ fields }) => fields)).toEqual(
      Array(3).fill([{ name: "owner", before: "shop", after: "stock" }]),
    );
    expect(planned.diagnostics.filter((text) => text.includes("OWNED"))).toHaveLength(3);
    expect(planned.diagnostics.every((text) => /^(?:warning|note) /.test(text))).toBe(true);
    expect((await place.run(["apply", "stock.yaml", "--allow", "OWNED_BY_OTHER"])).status).toBe(0);
    // The near twin: it is stock's now, and shop may not have it back without being asked to.
    expect(await place.run(["plan", "stock.yaml"])).toMatchObject({ status: 0, json: { outcome: "unchanged" } });
    expect((await place.run(["plan", "shop.yaml"])).status).toBe(4);
    const { kysely } = await openForTest(databaseOf(place.folder));
    const owners = await kysely.selectFrom("users").select("owner").execute();
    expect(owners.map(({ owner }) => owner)).toEqual(["stock", "stock"]);
  });

  it("can be allowed by a file, which each run says, with its line", async () => {
    const place = await shop();
    const yaml = owned("stock, allow: [OWNED_BY_OTHER]", groups("kassiers"));
    writeFiles(place.folder, { "stock.yaml": yaml });
    for (const command of ["plan", "apply", "apply", "validate"]) {
      const run = await place.run([command, "stock.yaml"]);
      expect(run.status).toBe(0);
      expect(run.diagnostics).toContain("note GUARD_ALLOWED 1:35");
    }
    // An option beats the file, and no file allows a guard unseen where notes are denied.
    writeFiles(place.folder, { "shop.yaml": owned("shop, allow: [OWNED_BY_OTHER]", groups("kassiers")) });
    expect(await place.run(["plan", "shop.yaml", "--deny", "OWNED_BY_OTHER"])).toMatchObject({
      status: 4,
      diagnostics: ["refusal OWNED_BY_OTHER 3:25"],
    });
    expect(await place.run(["plan", "shop.yaml", "--deny", "GUARD_ALLOWED"])).toMatchObject({
      status: 4,
      diagnostics: ["refusal GUARD_ALLOWED 1:34"],
    });
  });

  it("that are no matter of judgement can't be allowed, by option or file, and the message says why", async () => {
    const place = await migratedWorkplace({ "a.yaml": groups("a") });
    for (const code of ["PROTECTED", "RESOURCE_IN_USE", "YAML_SYNTAX"]) {
      const run = await place.run(["plan", "a.yaml", "--allow", code]);
      expect([run.status, run.json.diagnostics[0]?.message]).toEqual([
        64,
        expect.stringMatching(new RegExp(`^${code} can't be allowed: .`)),
      ]);
      writeFiles(place.folder, { "b.yaml": allowing(code, groups("a")) });
      expect(await place.run(["plan", "b.yaml"])).toMatchObject({
        status: 3,
        diagnostics: ["error INVALID_VALUE 1:21"],
      });
    }
  });
});

describe("F204: a guard of an operation", () => {
  it("is passed with its own code alone, and only where it is a matter of judgement", () => {
    const allow = ["OWNED_BY_OTHER", "PROTECTED"] as const;
    expect(isGuardAllowed("OWNED_BY_OTHER", { allow })).toBe(true);
    expect(isGuardAllowed("MANY_DELETIONS", { allow })).toBe(false);
    expect(isGuardAllowed("PROTECTED", { allow })).toBe(false);
  });
});

describe("F204: codes that files allow and deny", () => {
  const weak = tokens(tokenItem("a", "kX9vQ2mR7tB4"));

  it("deny what is a warning otherwise; among files deny wins, and options beat files", async () => {
    const place = await migratedWorkplace({
      "weak.yaml": weak,
      "deny.yaml": "vtb_setup: {deny: [WEAK_TOKEN]}\n",
      "allow.yaml": "vtb_setup: {allow: [WEAK_TOKEN]}\n",
    });
    const status = async (...args: readonly string[]) => (await place.run(["validate", "weak.yaml", ...args])).status;
    expect(await status("deny.yaml")).toBe(4);
    expect(await status("deny.yaml", "allow.yaml")).toBe(4);
    expect(await status("--allow", "WEAK_TOKEN", "deny.yaml")).toBe(0);
    expect(await status("--strict", "allow.yaml")).toBe(0);
    expect(await status("--strict")).toBe(3);
    expect(await status("--deny", "WEAK_TOKEN", "allow.yaml")).toBe(4);
  });

  it("are as severe in plan and apply, for what only the database shows", async () => {
    const place = await migratedWorkplace({
      "two.yaml": groups("a", "b"),
      "one.yaml": `${groups("a")}vtb_setup: {deny: [UNDECLARED]}\n`,
    });
    await place.run(["apply", "two.yaml"]);
    for (const command of commands) {
      expect(await place.run([command, "one.yaml"])).toMatchObject({ status: 4, diagnostics: ["refusal UNDECLARED"] });
    }
  });

  it("status 3 comes before 4: a refusal beside what --strict raises", async () => {
    const place = await shop();
    writeFiles(place.folder, {
      "stock.yaml": owned("stock", groups("kassiers") + weak),
      "theirs.yaml": owned("stock", groups("balie")),
    });
    expect((await place.run(["plan", "stock.yaml"])).status).toBe(4);
    expect((await place.run(["plan", "stock.yaml", "--strict"])).status).toBe(3);
    // A warning that only the database gives weighs as much.
    await place.run(["apply", "theirs.yaml"]);
    await runCli(["token", "disable", "kassa"], { cwd: place.folder });
    const both = owned("shop", groups("balie") + tokens(tokenItem("kassa", strong)));
    writeFiles(place.folder, { "both.yaml": both });
    const run = await place.run(["plan", "both.yaml"]);
    expect([run.status, run.diagnostics]).toEqual([4, ["refusal OWNED_BY_OTHER 3:25"]]);
    const strict = await place.run(["plan", "both.yaml", "--strict"]);
    expect([strict.status, strict.diagnostics]).toEqual([
      3,
      ["refusal OWNED_BY_OTHER 3:25", "error TOKEN_DISABLED 7:7"],
    ]);
    const references = groups("kassiers") + users("username: piet, groups: [nergens]");
    writeFiles(place.folder, { "stock.yaml": owned("stock", references) });
    expect((await place.run(["plan", "stock.yaml"])).status).toBe(3);
  });
});
