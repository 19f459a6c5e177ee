import { describe, expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { databaseOf } from "../support/databases.js";
import { openForTest, temporaryFolder } from "../support/run.js";

const groups = (owner: string | undefined, ...names: readonly string[]) =>
  `${owner === undefined ? "" : `vtb_setup: {format: 1, owner: ${owner}}\n`}groups_config_enable: true\ngroups_config:\n  items: [${names.map((name) => `{name: ${name}}`).join(", ")}]\n`;

const place = (files: Readonly<Record<string, string>>) => {
  const folder = temporaryFolder();
  writeFiles(folder, files);
  const run = (...args: readonly string[]) => runCli(args, { cwd: folder });
  const owners = async () => {
    const { kysely } = await openForTest(databaseOf(folder));
    const rows = await kysely.selectFrom("groups").select(["name", "owner"]).orderBy("name").execute();
    return rows.map(({ name, owner }) => `${name}: ${owner}`);
  };
  return { folder, run, owners };
};

describe("F203: owners in files", () => {
  const two = { "shop.yaml": groups("shop", "kassiers"), "stock.yaml": groups("stock", "magazijn") };

  it("manage their own entries in one run, which the journal shows", async () => {
    const { folder, run, owners } = place(two);
    expect(await run("apply", "shop.yaml", "stock.yaml")).toMatchObject({ status: 0 });
    expect(await owners()).toEqual(["kassiers: shop", "magazijn: stock"]);
    expect((await run("apply", "shop.yaml", "stock.yaml")).stdout).toContain("No changes.");
    const { kysely } = await openForTest(databaseOf(folder));
    const runs = await kysely.selectFrom("runs").select(["owner", "files"]).execute();
    expect(runs).toHaveLength(1);
    expect(runs[0]?.owner).toBe("shop\nstock");
    expect(JSON.parse(runs[0]?.files ?? "")).toMatchObject([
      { file: "shop.yaml", owner: "shop" },
      { file: "stock.yaml", owner: "stock" },
    ]);
  });

  it("are pruned each by itself, and only those of the run", async () => {
    const { folder, run, owners } = place(two);
    writeFiles(folder, {
      "first.yaml": groups("shop", "kassiers", "winkel"),
      "second.yaml": groups("stock", "magazijn", "kelder"),
    });
    await run("apply", "first.yaml", "second.yaml");
    expect(await run("apply", "--prune", "shop.yaml")).toMatchObject({ status: 0 });
    expect(await owners()).toEqual(["kassiers: shop", "kelder: stock", "magazijn: stock"]);
    expect(await run("apply", "--prune", "shop.yaml", "stock.yaml")).toMatchObject({ status: 0 });
    expect(await owners()).toEqual(["kassiers: shop", "magazijn: stock"]);
  });

  it("can't take an entry from one another", async () => {
    const { folder, run } = place(two);
    await run("apply", "shop.yaml", "stock.yaml");
    writeFiles(folder, { "taking.yaml": groups("stock", "kassiers") });
    const refused = await run("apply", "taking.yaml");
    expect(refused.status).toBe(4);
    expect(refused.stderr).toContain("group kassiers is managed by the owner shop");
    expect(refused.stderr).toContain("taking.yaml:4:");
  });

  it("give way to --owner where they are one", async () => {
    const { folder, run, owners } = place(two);
    writeFiles(folder, { "none.yaml": groups(undefined, "overig") });
    expect(await run("apply", "--owner", "desk", "shop.yaml", "none.yaml")).toMatchObject({ status: 0 });
    expect(await owners()).toEqual(["kassiers: desk", "overig: desk"]);
  });

  it("make --owner a usage error where they differ, before anything is written", async () => {
    const { run } = place(two);
    const refused = await run("plan", "--owner", "desk", "shop.yaml", "stock.yaml");
    expect(refused.status).toBe(64);
    expect(refused.stderr).toContain("the files name different owners (shop, stock)");
  });

  it("are written by export, so that its file needs no option", async () => {
    const { folder, run } = place(two);
    await run("apply", "shop.yaml", "stock.yaml");
    const { stdout } = await run("export", "--owner", "stock");
    expect(stdout).toContain("vtb_setup:\n  format: 1\n  owner: stock\n");
    writeFiles(folder, { "out.yaml": stdout });
    expect((await run("plan", "out.yaml")).stdout).toContain("No changes.");
  });
});
