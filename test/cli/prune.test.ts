import { describe, expect, it } from "vitest";
import { writeFiles } from "../support/cli.js";
import { migratedWorkplace, tokenItem, tokens, users, type Workplace } from "./outcome.js";

const list = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => `g${from + index}`);
const groups = (names: readonly string[], settings = "") =>
  `${settings && `vtb_setup: {${settings}}\n`}groups_config_enable: true\ngroups_config: {items: [${names.map((name) => `{name: ${name}}`).join(", ")}]}\n`;
const strong = "kX9vQ2mR7tB4nW8cZ1pL6sD3fG5hJ0aY";

const files = (place: Workplace, named: Readonly<Record<string, string>>) => writeFiles(place.folder, named);

async function groupOwners(place: Workplace): Promise<readonly string[]> {
  const { kysely } = await place.open();
  const rows = await kysely.selectFrom("groups").select(["name", "owner"]).orderBy("name").execute();
  return rows.map(({ name, owner }) => `${name} ${owner}`);
}

describe("F205: --prune needs to know whose", () => {
  it("and is refused for a file without an owner once the database has several, whom it names", async () => {
    const place = await migratedWorkplace({
      "shop.yaml": groups(["a"], "owner: shop"),
      "ours.yaml": groups(["b", "c"]),
      "fewer.yaml": groups(["b"]),
    });
    await place.run(["apply", "ours.yaml"]);
    // The near twin: nobody else's entries are in the database yet.
    expect((await place.run(["plan", "fewer.yaml", "--prune"])).changes).toEqual(["delete group c"]);
    await place.run(["apply", "shop.yaml"]);
    const before = await place.contents();
    for (const command of ["plan", "apply"]) {
      const run = await place.run([command, "fewer.yaml", "--prune"]);
      expect([run.status, run.diagnostics]).toEqual([4, ["refusal PRUNE_REFUSED"]]);
      expect(run.json.diagnostics[0]?.message).toContain("other owners than default: shop");
    }
    expect(await place.contents()).toBe(before);
    for (const args of [
      ["--owner", "default"],
      ["--allow", "PRUNE_REFUSED"],
    ]) {
      expect((await place.run(["plan", "fewer.yaml", "--prune", ...args])).changes).toEqual(["delete group c"]);
    }
    files(place, { "fewer.yaml": groups(["b"], "owner: default") });
    expect((await place.run(["plan", "fewer.yaml", "--prune"])).changes).toEqual(["delete group c"]);
    files(place, { "fewer.yaml": groups(["b"]) });
    expect((await place.run(["plan", "fewer.yaml"])).status).toBe(0);
  });

  it("and a file without entries, such as one of settings, prunes nobody", async () => {
    const place = await migratedWorkplace({
      "shop.yaml": groups(["a", "b"], "owner: shop"),
      "ours.yaml": groups(["c"]),
      "fewer.yaml": groups(["a"], "owner: shop"),
      "settings.yaml": "vtb_setup: {deny: [EXPIRED]}\n",
    });
    await place.run(["apply", "shop.yaml", "ours.yaml"]);
    const run = await place.run(["apply", "fewer.yaml", "settings.yaml", "--prune"]);
    expect([run.status, run.changes]).toEqual([0, ["delete group b"]]);
  });
});

describe("F205: MANY_DELETIONS", () => {
  it("refuses to prune more than ten entries and more than a fifth of what the owner has, unless allowed", async () => {
    const place = await migratedWorkplace({ "all.yaml": groups(list(1, 51)), "one.yaml": groups(list(1, 1)) });
    await place.run(["apply", "all.yaml"]);
    const before = await place.contents();
    for (const command of ["plan", "apply"]) {
      const run = await place.run([command, "one.yaml", "--prune"]);
      expect([run.status, run.diagnostics]).toEqual([4, ["refusal MANY_DELETIONS"]]);
      expect(run.json.diagnostics[0]?.message).toContain("50 of the 51 group that the owner default manages");
    }
    expect(await place.contents()).toBe(before);
    const allowed = await place.run(["apply", "one.yaml", "--prune", "--allow", "MANY_DELETIONS", "--strict"]);
    expect([allowed.status, allowed.changes.length, allowed.diagnostics]).toEqual([0, 50, ["warning MANY_DELETIONS"]]);
  });

  it.each([
    ["ten of twelve", 12, 10, 0],
    ["eleven of fifty-five, which is a fifth", 55, 11, 0],
    ["eleven of fifty-four", 54, 11, 4],
  ])("weighs %s", async (_, all, pruned, status) => {
    const place = await migratedWorkplace({
      "all.yaml": groups(list(1, all)),
      "rest.yaml": groups(list(pruned + 1, all)),
    });
    await place.run(["apply", "all.yaml"]);
    expect((await place.run(["plan", "rest.yaml", "--prune"])).status).toBe(status);
  });

  it("counts neither what `state: absent` deletes, nor another owner's entries", async () => {
    const absent = list(1, 30).map((name) => `${name}, state: absent`);
    const place = await migratedWorkplace({
      "all.yaml": groups(list(1, 51)),
      "absent.yaml": groups([...absent, ...list(31, 51)], "owner: default"),
      "others.yaml": groups(list(100, 300), "owner: other"),
    });
    await place.run(["apply", "all.yaml", "others.yaml"]);
    const run = await place.run(["plan", "absent.yaml", "--prune"]);
    expect([run.status, run.changes.length]).toEqual([0, 30]);
    // The other owner's two hundred make this no smaller share.
    files(place, { "fewer.yaml": groups(list(31, 51), "owner: default") });
    expect((await place.run(["plan", "fewer.yaml", "--prune"])).status).toBe(4);
  });
});

describe("F206: an owner that is handed over", () => {
  const everything = (settings: string, more = "") =>
    `vtb_setup: {${settings}}\n${users(`username: jan, email: j@x.nl`)}${groups(["kassiers"])}${tokens(tokenItem("kassa", strong))}${more}`;

  it("leaves all that it managed to the new one, declared or not, and once", async () => {
    const place = await migratedWorkplace({
      "old.yaml": everything("owner: shop"),
      "new.yaml": groups(["kassiers", "nieuw"], "owner: {name: winkel, formerly: shop}"),
      "other.yaml": groups(["overig"], "owner: other"),
    });
    await place.run(["apply", "old.yaml", "other.yaml"]);
    const planned = await place.run(["plan", "new.yaml"]);
    expect(planned.changes.toSorted()).toEqual([
      "create group nieuw",
      "update api_token kassa",
      "update group kassiers",
      "update user jan",
    ]);
    for (const { action, fields } of planned.json.changes ?? []) {
      if (action === "update") expect(fields).toEqual([{ name: "owner", before: "shop", after: "winkel" }]);
    }
    expect((await place.run(["apply", "new.yaml"])).status).toBe(0);
    expect(await groupOwners(place)).toEqual(["kassiers winkel", "nieuw winkel", "overig other"]);
    const after = await place.contents();
    expect((await place.run(["apply", "new.yaml"])).json.outcome).toBe("unchanged");
    expect(await place.contents()).toBe(after);
    // All of it is as it was but for its owner: what the old file declares differs in nothing else.
    files(place, { "whole.yaml": everything("owner: winkel") });
    const whole = await place.run(["plan", "whole.yaml"]);
    expect([whole.status, whole.json.outcome]).toEqual([0, "unchanged"]);
  });

  it("is pruned as what the new one had", async () => {
    const place = await migratedWorkplace({
      "old.yaml": groups(["a", "b"], "owner: shop"),
      "new.yaml": groups(["a"], "owner: {name: winkel, formerly: shop}"),
    });
    await place.run(["apply", "old.yaml"]);
    const run = await place.run(["apply", "new.yaml", "--prune"]);
    expect([run.status, run.changes]).toEqual([0, ["update group a", "delete group b"]]);
    expect(await groupOwners(place)).toEqual(["a winkel"]);
  });

  it("is shared by several new ones as their files declare it, and keeps what none of them does", async () => {
    const place = await migratedWorkplace({
      "old.yaml": groups(["a", "b", "c"], "owner: shop"),
      "one.yaml": groups(["a"], "owner: {name: one, formerly: shop}"),
      "two.yaml": groups(["b"], "owner: {name: two, formerly: shop}"),
    });
    await place.run(["apply", "old.yaml"]);
    expect((await place.run(["apply", "one.yaml", "two.yaml", "--prune"])).status).toBe(0);
    expect(await groupOwners(place)).toEqual(["a one", "b two", "c shop"]);
    expect((await place.run(["apply", "one.yaml", "two.yaml", "--prune"])).json.outcome).toBe("unchanged");
  });

  it("keeps what another owner's file declares, which is refused", async () => {
    const place = await migratedWorkplace({
      "old.yaml": groups(["a", "b"], "owner: shop"),
      "new.yaml": groups(["a"], "owner: {name: winkel, formerly: shop}"),
      "third.yaml": groups(["b"], "owner: third"),
    });
    await place.run(["apply", "old.yaml"]);
    expect(await place.run(["apply", "new.yaml", "third.yaml"])).toMatchObject({
      status: 4,
      diagnostics: ["refusal OWNED_BY_OTHER 3:25"],
    });
  });

  it("can't be the one that takes over, nor is it handed over to the owner of an option", async () => {
    const place = await migratedWorkplace({
      "old.yaml": groups(["a", "b"], "owner: shop"),
      "self.yaml": groups(["a"], "owner: {name: shop, formerly: shop}"),
      "new.yaml": groups(["c"], "owner: {name: winkel, formerly: shop}"),
    });
    await place.run(["apply", "old.yaml"]);
    expect((await place.run(["validate", "self.yaml"])).status).toBe(3);
    expect((await place.run(["plan", "new.yaml", "--owner", "desk"])).changes).toEqual(["create group c"]);
    expect((await place.run(["plan", "new.yaml", "--owner", "winkel"])).changes).toHaveLength(3);
  });
});
