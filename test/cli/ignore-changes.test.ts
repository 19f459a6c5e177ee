import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { writeFiles } from "../support/cli.js";
import { migratedWorkplace, tokenA, tokenB, tokenC, tokenItem, tokens, users, type Workplace } from "./outcome.js";

const fieldsOf = (run: Awaited<ReturnType<Workplace["run"]>>) =>
  run.json.changes?.flatMap(({ fields }) => fields.map(({ name }) => name));

describe("ignore_changes", () => {
  it("sets a field when the entry is created, and leaves it alone afterwards", async () => {
    const place = await migratedWorkplace();
    const jan = (email: string, more = "ignore_changes: [email, groups]") =>
      users(`username: jan, email: ${email}, first_name: Jan, ${more}`);
    const created = await place.apply(jan("jan@a.nl"));
    expect(created.json.changes?.[0]?.fields).toContainEqual({ name: "email", before: null, after: "jan@a.nl" });
    expect((await place.apply(jan("jan@b.nl"))).json.outcome).toBe("unchanged");
    const { kysely } = await place.open();
    await kysely.updateTable("users").set({ email: "eigen@keuze.nl" }).execute();
    expect((await place.apply(jan("jan@b.nl"))).json.outcome).toBe("unchanged");
    // Other fields still change, and the ignored ones stay then too.
    expect(fieldsOf(await place.apply(jan("jan@b.nl").replace("first_name: Jan", "first_name: Johan")))).toEqual([
      "first_name",
    ]);
    expect(await kysely.selectFrom("users").select(["email", "first_name"]).execute()).toEqual([
      { email: "eigen@keuze.nl", first_name: "Johan" },
    ]);
    // The near twin: without the line, the file decides again.
    const again = await place.apply(
      jan("jan@b.nl", "ignore_changes: []").replace("first_name: Jan", "first_name: Johan"),
    );
    expect(again.json.changes?.[0]?.fields).toMatchObject([
      { name: "email", before: "eigen@keuze.nl", after: "jan@b.nl" },
    ]);
  });

  it("leaves a token's value, contact and user alone, whatever else of it changes", async () => {
    const place = await migratedWorkplace();
    const yaml = (value: string, more: string) =>
      users("username: eva", "username: jan") + tokens(tokenItem("t", value, more), tokenItem("other", tokenC));
    await place.apply(yaml(tokenA, "user: jan, organization: A"));
    const { kysely } = await place.open();
    const token = kysely.selectFrom("api_tokens").selectAll().where("identifier", "=", "t");
    const before = await token.executeTakeFirstOrThrow();
    const ignoring =
      "organization: B, application: X, ignore_changes: [token, user, organization, grace_period, email]";
    const run = await place.apply(
      yaml(tokenB, `is_superuser: true, permissions: [a.b], ${ignoring}`).replace("t@example.nl", "z@example.nl"),
    );
    expect(run.status).toBe(0);
    expect(fieldsOf(run)).toEqual(["application"]);
    expect(await token.executeTakeFirstOrThrow()).toEqual({
      ...before,
      application: "X",
      updated_at: expect.any(String),
    });
    const twice = await place.apply(yaml(tokenB, `is_superuser: true, permissions: [a.b], ${ignoring}`));
    expect(twice.json.outcome).toBe("unchanged");
  });

  it("leaves a provider's endpoints, a client's secret and a user's sign_in alone", async () => {
    const place = await migratedWorkplace();
    const yaml = (host: string, secret: string, subject: string, more: readonly [string, string, string]) => `
oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - {identifier: p, endpoint_config: {oidc_op_jwks_endpoint: 'https://${host}/keys'}, oidc_op_issuer: 'https://p.example', ${more[0]}}
  items:
    - {identifier: api-oidc, oidc_provider_identifier: p, oidc_rp_client_id: a, oidc_rp_client_secret: ${secret}, userinfo_claims_source: id_token, options: {user_settings: {claim_mappings: {username: [${host}]}}}, ${more[1]}}
${users(`username: jan, sign_in: {provider: p, subject: ${subject}}, ${more[2]}`)}`;
    const kept = [
      "ignore_changes: [endpoint_config]",
      "ignore_changes: [oidc_rp_client_secret, options]",
      "ignore_changes: [sign_in]",
    ] as const;
    const first = await place.apply(yaml("p.example", "welkom-in-zaandam", "een", kept));
    expect([first.status, first.changes.length]).toEqual([0, 3]);
    expect((await place.apply(yaml("q.example", "welkom-in-alkmaar", "twee", kept))).json.outcome).toBe("unchanged");
    const run = await place.apply(
      yaml("q.example", "welkom-in-alkmaar", "twee", ["protect: no", "protect: no", "protect: no"]),
    );
    expect(fieldsOf(run)).toEqual(
      expect.arrayContaining(["jwks_endpoint", "client_secret", "options", "sign_in_subject"]),
    );
  });

  it("works in a custom step", async () => {
    const place = await migratedWorkplace();
    const step = ["--steps", resolve("examples/custom-step/step.mjs")];
    const yaml = readFileSync("examples/custom-step/config.yaml", "utf8").replace(
      "- name: archief\n",
      "- name: archief\n      ignore_changes: [url, secret]\n",
    );
    const apply = (text: string) => {
      writeFiles(place.folder, { "config.yaml": text });
      return place.run(["apply", "config.yaml", ...step]);
    };
    await apply(yaml);
    expect((await apply(yaml.replace("archief.example", "elders.example"))).json.outcome).toBe("unchanged");
    expect(fieldsOf(await apply(yaml.replace("events: [deleted]", "events: [created]")))).toEqual(["events"]);
    const wrong = await apply(yaml.replace("[url, secret]", "[name, url]"));
    expect([wrong.status, wrong.diagnostics]).toEqual([3, ["error INVALID_VALUE 14:24"]]);
  });

  it.each([
    ["emial", "did you mean email?"],
    ["username", undefined],
    ["state", undefined],
    ["protect", undefined],
    ["ignore_changes", undefined],
  ])("refuses %s at its place", async (name, hint) => {
    const place = await migratedWorkplace({ "config.yaml": users(`username: jan, ignore_changes: [email, ${name}]`) });
    const run = await place.run(["validate", "config.yaml"]);
    expect([run.status, run.diagnostics]).toEqual([3, ["error INVALID_VALUE 4:47"]]);
    expect(run.json.diagnostics[0]).toMatchObject({ message: "expected the name of a field of this entry" });
    if (hint !== undefined) expect(run.json.diagnostics[0]?.hint).toBe(hint);
  });

  it("can name every other field of every step's entries that is not deprecated", async () => {
    const { coreSteps } = await import("../../src/resources/registry.js");
    const { configurationSchema } = await import("../../src/config/schema-file.js");
    const place = await migratedWorkplace();
    const schema = JSON.stringify(configurationSchema(coreSteps));
    const names = [...schema.matchAll(/"ignore_changes":.*?"enum":(\[[^\]]*\])/g)].map(([, list = ""]): string[] =>
      JSON.parse(list),
    );
    expect(names).toHaveLength(5);
    const [group = [], user = [], provider = [], client = [], token = []] = names;
    const ignoring = (list: readonly string[]) => `ignore_changes: [${list.join(", ")}]`;
    const yaml = `
groups_config_enable: true
groups_config: {items: [{name: g, ${ignoring(group)}}]}
oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - {identifier: p, endpoint_config: {oidc_op_jwks_endpoint: 'https://p.example/keys'}, oidc_op_issuer: 'https://p.example', ${ignoring(provider)}}
  items:
    - {identifier: api-oidc, oidc_provider_identifier: p, oidc_rp_client_id: a, oidc_rp_client_secret: welkom-in-zaandam, userinfo_claims_source: id_token, ${ignoring(client)}}
${users(`username: jan, ${ignoring(user)}`)}${tokens(tokenItem("t", tokenA, ignoring(token)))}`;
    const run = await place.apply(yaml);
    expect([run.status, run.diagnostics.filter((text) => text.startsWith("error"))]).toEqual([0, []]);
    expect((await place.apply(yaml)).json.outcome).toBe("unchanged");
    expect([group, provider].map((list) => list.includes("state") || list.includes("protect"))).toEqual([false, false]);
  });
});
