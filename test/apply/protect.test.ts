import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { plan } from "../../src/apply/plan.js";
import { createTable } from "../../src/database/create-table.js";
import type { Resource } from "../../src/plan/resource.js";
import { text } from "../../src/resources/columns.js";
import { coreKinds } from "../../src/resources/registry.js";
import { defineKind } from "../../src/resources/table-kind.js";
import { contentsOf } from "../support/databases.js";
import { absent, configurationOf, openForTest, resource, runOptions, temporaryDatabase } from "../support/run.js";

/** Its rows go with their user, which nothing in the kind says. */
const badge = defineKind({
  name: "badge",
  table: "badges",
  keyColumn: "name",
  columns: { holder: text("user_id", null) },
  migrations: [
    {
      name: "badge:0001",
      up: (db) =>
        createTable(db, {
          name: "badges",
          texts: ["id", "name", "created_at", "updated_at"],
          optionalTexts: ["owner", "user_id"],
          primaryKey: ["id"],
          unique: [["name"]],
          owners: { user_id: "users" },
        }),
    },
  ],
});

const withBadges = (...resources: readonly Resource[]) => ({
  ...configurationOf(...resources),
  kinds: [...coreKinds, badge],
});

describe("A protected row of a module's kind", () => {
  it("does not go with another entry, whatever its foreign keys say", async () => {
    const url = temporaryDatabase();
    const options = runOptions(url);
    await apply(withBadges(resource("user", "jan", { email: "" }), resource("user", "eva", { email: "" })), options);
    const { kysely } = await openForTest(url);
    const jan = await kysely.selectFrom("users").select("id").where("username", "=", "jan").executeTakeFirstOrThrow();
    const held = { ...resource("badge", "blue", { holder: jan.id }), protect: true };
    await apply(withBadges(held), options);
    const before = await contentsOf(url);
    await expect(apply(withBadges(absent("user", "jan")), options)).rejects.toMatchObject({
      reason: "refused",
      diagnostics: [
        {
          code: "PROTECTED",
          message: "badge blue can't be deleted: it is protected, and would go with an entry that this run deletes",
        },
      ],
    });
    expect(await contentsOf(url)).toBe(before);
    // The near twins: another user's deletion, and that of a badge that is not protected.
    expect(await apply(withBadges(absent("user", "eva")), options)).toMatchObject({ outcome: "applied" });
    await apply(withBadges({ ...held, protect: false }), options);
    expect(await apply(withBadges(absent("user", "jan")), options)).toMatchObject({ outcome: "applied" });
    const left = await sql<{ count: number }>`select count(*) as count from badges`.execute(kysely);
    expect(Number(left.rows[0]?.count)).toBe(0);
  });

  it("that was deleted by hand is in nobody's way", async () => {
    const url = temporaryDatabase();
    const options = runOptions(url);
    const protectedGroup = { ...resource("group", "a", { permissions: [] }), protect: true };
    await apply(configurationOf(protectedGroup, resource("group", "b", { permissions: [] })), options);
    const { kysely } = await openForTest(url);
    await kysely.deleteFrom("groups").where("name", "=", "a").execute();
    expect(await plan(configurationOf(absent("group", "a"), absent("group", "b")), options)).toMatchObject({
      changes: [{ action: "delete", key: "b" }],
    });
    expect(await apply(configurationOf(absent("group", "a"), absent("group", "b")), options)).toMatchObject({
      outcome: "applied",
    });
  });
});
