import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli } from "../support/cli.js";
import { migratedWorkplace, tokenA, tokenItem, tokens, users, type Workplace } from "./outcome.js";

const group = (...items: readonly string[]) =>
  `groups_config_enable: true\ngroups_config:\n  items:\n${items.map((item) => `    - {${item}}\n`).join("")}`;
const provider =
  "endpoint_config: {oidc_op_jwks_endpoint: 'https://p.example/keys'}, oidc_op_issuer: 'https://p.example'";
const oidc = (providers: string, items: string) =>
  `oidc_db_config_enable: true\noidc_db_config_admin_auth:\n  providers:\n    - {${providers}}\n  items:\n    - {${items}}\n`;
const client =
  "identifier: api-oidc, oidc_provider_identifier: p, oidc_rp_client_id: a, oidc_rp_client_secret: welkom-in-zaandam, userinfo_claims_source: id_token";

/** A protected entry of each kind; what else it needs is declared with it. */
const kinds = {
  group: (more: string) => group("name: rest", `name: x, ${more}`),
  user: (more: string) => users("username: rest", `username: x, ${more}`),
  oidc_provider: (more: string) =>
    oidc(
      `identifier: rest, ${provider}`,
      `${client.replace("oidc_provider_identifier: p", "oidc_provider_identifier: rest")}`,
    ).replace("  items:", `    - {identifier: x, ${provider}, ${more}}\n  items:`),
  oidc_client: (more: string) =>
    oidc(`identifier: p, ${provider}`, client).concat(`    - {${client.replace("api-oidc", "x")}, ${more}}\n`),
  api_token: (more: string) => tokens(tokenItem("rest", tokenA), tokenItem("x", "{generate: true}", more)),
} as const;

const out = ["--allow", "UNKNOWN_CLIENT_IDENTIFIER"];

const protect = (place: Workplace, yaml: string, ...more: readonly string[]) => {
  writeFileSync(join(place.folder, "config.yaml"), yaml);
  return place.run(["apply", "config.yaml", ...out, ...more]);
};

const isRefusal = (text: string) => text.startsWith("refusal");
const withoutX = (yaml: string) => yaml.replace(/^.*[:] x, .*\n/m, "");

describe("A protected entry", () => {
  it.each(Object.entries(kinds))(
    "of the kind %s survives state: absent, --prune and a file without protect",
    async (kind, yaml) => {
      const place = await migratedWorkplace();
      const first = await protect(place, yaml("protect: true"));
      expect(first.status).toBe(0);
      expect(first.json.changes?.find(({ key }) => key === "x")?.fields).toContainEqual({
        name: "protect",
        before: null,
        after: true,
      });
      expect((await protect(place, yaml("protect: yes"))).json.outcome).toBe("unchanged");
      expect((await protect(place, yaml("state: present"))).json.outcome).toBe("unchanged");
      const before = await place.contents();

      const absent = await protect(place, yaml("state: absent"));
      const line =
        yaml("state: absent")
          .split("\n")
          .findIndex((text) => /[:] x, /.test(text)) + 1;
      expect([absent.status, absent.diagnostics.filter(isRefusal)]).toEqual([4, [`refusal PROTECTED ${line}:7`]]);
      expect(absent.json.diagnostics.find(({ code }) => code === "PROTECTED")?.message).toBe(
        `${kind} x can't be deleted: it is protected`,
      );
      expect((await protect(place, yaml("state: absent"), "--allow", "PROTECTED")).status).toBe(64);
      const pruned = await protect(place, withoutX(yaml("state: absent")), "--prune");
      expect([pruned.status, pruned.diagnostics.filter(isRefusal)]).toEqual([4, ["refusal PROTECTED"]]);
      expect(await place.contents()).toBe(before);

      // The near twins: a file says that it is not protected any more, in a separate run or in the same entry.
      const ended = await protect(place, yaml("protect: false"));
      expect(ended.json.changes).toMatchObject([
        { key: "x", fields: [{ name: "protect", before: true, after: false }] },
      ]);
      expect((await protect(place, yaml("protect: false"))).json.outcome).toBe("unchanged");
      expect((await protect(place, yaml("protect: true"))).changes).toEqual([`update ${kind} x`]);
      const both = await protect(place, yaml("state: absent, protect: false"));
      expect([both.status, both.changes]).toEqual([0, [`delete ${kind} x`]]);
      expect((await protect(place, yaml("state: absent, protect: false"))).json.outcome).toBe("unchanged");
      // Nothing of it is left over for an entry of the same name.
      await protect(place, yaml("state: present"));
      expect((await protect(place, yaml("state: absent"))).changes).toEqual([`delete ${kind} x`]);
    },
  );

  it("is pruned like any other once it is not protected", async () => {
    const place = await migratedWorkplace();
    await protect(place, group("name: rest", "name: x, protect: true"));
    await protect(place, group("name: rest", "name: x, protect: false"));
    expect((await protect(place, group("name: rest"), "--prune")).changes).toEqual(["delete group x"]);
  });

  it("of a custom step is protected too, and exported so", async () => {
    const place = await migratedWorkplace();
    const step = ["--steps", resolve("examples/custom-step/step.mjs")];
    copyFileSync("examples/custom-step/config.yaml", join(place.folder, "config.yaml"));
    const yaml = readFileSync("examples/custom-step/config.yaml", "utf8");
    const variant = (more: string) => yaml.replace("- name: archief\n", `- name: archief\n      ${more}\n`);
    await protect(place, variant("protect: true"), ...step);
    const absent = await protect(
      place,
      variant("protect: true").replace(/ {4}- name: archief[\s\S]*$/, ""),
      ...step,
      "--prune",
    );
    expect([absent.status, absent.json.diagnostics.at(-1)?.message]).toEqual([
      4,
      "webhook archief can't be deleted: it is protected, and --prune would delete it, as no file declares it",
    ]);
    const { stdout } = await runCli(["export", ...step], { cwd: place.folder });
    expect(stdout.match(/protect: true/g)).toEqual(["protect: true"]);
    expect((await protect(place, variant("protect: false"), ...step)).changes).toEqual(["update webhook archief"]);
  });

  it("is shown by token show, and export writes a file without changes", async () => {
    const place = await migratedWorkplace();
    await protect(place, kinds.api_token("protect: true"));
    const { stdout } = await runCli(["token", "show", "x"], { cwd: place.folder });
    expect(stdout).toContain("protected:  yes");
    const shown = await runCli(["token", "show", "rest", "--output", "json"], { cwd: place.folder });
    expect(JSON.parse(shown.stdout).items[0].isProtected).toBe(false);
    const exported = await runCli(["export"], { cwd: place.folder });
    expect(exported.stdout.match(/protect: true/g)).toEqual(["protect: true"]);
    expect((await protect(place, exported.stdout)).json.outcome).toBe("unchanged");
  });

  it("stays protected where a plan does not know the variable that says so", async () => {
    const place = await migratedWorkplace();
    await protect(place, group("name: rest", "name: x, protect: true"));
    writeFileSync(
      join(place.folder, "config.yaml"),
      group("name: rest", "name: x, protect: {value_from: {env: PROTECT}}"),
    );
    const run = await place.run(["plan", "--no-env", "config.yaml"]);
    expect([run.status, run.json.outcome]).toEqual([0, "unchanged"]);
  });
});

describe("protect", () => {
  it.each([
    ["state: absent, protect: true", "error INVALID_VALUE 4:41"],
    ["protect: maybe", "error WRONG_TYPE 4:26"],
    ["protct: true", "error UNKNOWN_FIELD 4:17"],
  ])("written as {%s} is an error at its place", async (fields, expected) => {
    const place = await migratedWorkplace({ "config.yaml": group(`name: x, ${fields}`) });
    const run = await place.run(["validate", "config.yaml"]);
    expect([run.status, run.diagnostics]).toEqual([3, [expected]]);
  });
});
