import { execFile } from "node:child_process";
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { type CataloguePermission, type PermissionCatalogue, writeCatalogue } from "../../src/verifier/catalogue.js";
import { requireAuth as requireInExpress } from "../../src/verifier/express.js";
import { requireAuth as requireInFastify } from "../../src/verifier/fastify.js";
import { requireAuth as requireInHono } from "../../src/verifier/hono.js";
import { runCli } from "../support/cli.js";
import { sealingEnv } from "../support/databases.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { temporaryFolder } from "../support/run.js";
import { makeWorld, token, tokenValue } from "./verifier-world.js";

const catalogueOf = (...permissions: readonly CataloguePermission[]): PermissionCatalogue => ({
  formatVersion: 1,
  permissions,
});

describe("verifier.catalogue()", () => {
  it("has what routes of every adapter require, and what was registered, once and sorted", async () => {
    const { verifier } = await makeWorld([]);
    expect(verifier.catalogue()).toEqual(catalogueOf());
    requireInExpress(verifier, { permission: "taken.view_externetaak" });
    requireInFastify(verifier, { allOf: ["taken.view_externetaak", "taken.add_externetaak"] });
    requireInHono(verifier, { anyOf: ["Zaken.view", "berichten.view_bericht"] });
    requireInHono(verifier);
    verifier.registerPermissions([
      { name: "taken.delete_externetaak" },
      { name: "taken.add_externetaak", description: "Create tasks" },
    ]);
    verifier.registerPermissions([{ name: "taken.add_externetaak", description: "Create tasks" }]);
    requireInExpress(verifier, { permission: "taken.add_externetaak" });
    expect(verifier.catalogue()).toEqual(
      catalogueOf(
        { name: "Zaken.view" },
        { name: "berichten.view_bericht" },
        { name: "taken.add_externetaak", description: "Create tasks" },
        { name: "taken.delete_externetaak" },
        { name: "taken.view_externetaak" },
      ),
    );
  });

  it("has nothing that a request asks for", async () => {
    const { verifier } = await makeWorld([token("forms", tokenValue)]);
    await verifier.authorize(`Token ${tokenValue}`, { permission: "taken.view_externetaak" });
    await verifier.authorize(`Token ${tokenValue}`, "taken.add_externetaak");
    expect(verifier.catalogue().permissions).toEqual([]);
  });

  it("refuses what is no permission, and a second description", async () => {
    const { verifier } = await makeWorld([]);
    const register = (...permissions: readonly unknown[]) => {
      // As JavaScript may write it.
      verifier.registerPermissions(permissions as readonly CataloguePermission[]);
    };
    expect(() => register({ name: "view" })).toThrow('"view" is not a permission');
    expect(() => register({})).toThrow("undefined is not a permission");
    expect(() => register({ name: "a.b", description: " " })).toThrow("the description of a.b must be text");
    for (const description of [1, "a\0b", "a".repeat(1001)]) {
      expect(() => register({ name: "a.b", description })).toThrow("the description of a.b must be text");
    }
    for (const name of ["*", "*.view", "a.b*", "a.**", `a.${"b".repeat(254)}`, 7]) {
      expect(() => register({ name })).toThrow("is not a permission");
    }
    register({ name: "objecttype.*.read_only", description: "a".repeat(1000) });
    register({ name: "a.b", description: "One" });
    expect(() => register({ name: "a.b", description: "Two" })).toThrow("a.b has another description already");
    expect(() => register({ name: "c.d", description: "1" }, { name: "c.d", description: "2" })).toThrow(TypeError);
  });
});

describe("writeCatalogue", () => {
  const catalogue = catalogueOf({ name: "taken.add_externetaak", description: "Create tasks" }, { name: "taken.view" });

  it("writes the same bytes for the same permissions, and leaves a file alone that has them", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "permissions.json");
    expect(await writeCatalogue(file, catalogue)).toBe(true);
    const text = readFileSync(file, "utf8");
    expect(JSON.parse(text)).toEqual(catalogue);
    expect(text.endsWith("}\n")).toBe(true);
    utimesSync(file, 1, 1);
    expect(await writeCatalogue(file, catalogue)).toBe(false);
    expect(statSync(file).mtimeMs).toBe(1000);
    expect(await writeCatalogue(file, catalogueOf({ name: "taken.view" }))).toBe(true);
    expect(readdirSync(folder)).toEqual(["permissions.json"]);
  });

  it("writes no empty catalogue, which would make every permission unknown", async () => {
    const file = join(temporaryFolder(), "permissions.json");
    writeFileSync(file, "before");
    await expect(writeCatalogue(file, catalogueOf())).rejects.toThrow("write it after the routes were made");
    expect(readFileSync(file, "utf8")).toBe("before");
  });

  it("leaves nothing behind where it can't write", async () => {
    const folder = temporaryFolder();
    await expect(writeCatalogue(join(folder, "missing", "permissions.json"), catalogue)).rejects.toThrow("ENOENT");
    await expect(writeCatalogue(folder, catalogue)).rejects.toThrow("EISDIR");
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("a configuration with the catalogue of an API", () => {
  it("accepts what the API registered, and nothing else", async () => {
    const { verifier } = await makeWorld([]);
    requireInExpress(verifier, { allOf: ["taken.view_externetaak", "taken.add_externetaak"] });
    verifier.registerPermissions([{ name: "objecttype.*.read_only", description: "Read objects\nof one type: 'x' é" }]);
    const folder = temporaryFolder();
    await writeCatalogue(join(folder, "permissions.json"), verifier.catalogue());
    const validate = async (...permissions: readonly string[]) => {
      const group = `- { name: lezers, permissions: ${JSON.stringify(permissions)} }`;
      const file = join(folder, "config.yaml");
      const yaml = `vtb_setup: { catalogue: permissions.json }\ngroups_config_enable: true\ngroups_config:\n  items:\n    ${group}\n`;
      writeFileSync(file, yaml);
      return await runCli(["validate", file]);
    };
    const ofType = "objecttype.7c7b1c5e-3a6f-4c9c-9d1b-1c7f2a1f0e11.read_only";
    expect(await validate("taken.view_externetaak", "taken.add_externetaak", ofType)).toMatchObject({ status: 0 });
    const wrong = await validate("taken.view_externtaak");
    expect(wrong.status).toBe(3);
    expect(wrong.stderr).toContain("did you mean taken.view_externetaak?");
  });
});

describe("examples/api-server", () => {
  it("has a catalogue of what its routes require", async () => {
    const script = join(process.cwd(), "examples/api-server/write-catalogue.mjs");
    const before = readFileSync("examples/api-server/permissions.json", "utf8");
    const env = { PATH: process.env.PATH ?? "", ...sealingEnv() };
    const { stderr } = await promisify(execFile)(process.execPath, [script, await migratedDatabase()], { env });
    expect(stderr).toBe("");
    expect(readFileSync("examples/api-server/permissions.json", "utf8")).toBe(before);
  });
});
