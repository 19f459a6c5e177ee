import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { runCli, writeFiles } from "../support/cli.js";
import { type CorpusProviders, rows, startCorpusProviders } from "./corpus-rows.js";
import { tokenA, type Workplace, workplace } from "./outcome.js";

let providers: CorpusProviders;

beforeAll(async () => {
  providers = await startCorpusProviders();
});

afterAll(() => providers.close());

const secret = "welkom-in-zaandam-en-omstreken";
const everything = `groups_config_enable: true
groups_config:
  items: [{name: "Beheer: yes", permissions: [taken.view_externetaak]}, {name: "on"}]
default_user_configuration_enable: true
default_user_configuration_config:
  users:
    - {username: anna, email: a@x.nl, first_name: "Ann: 'a'", is_active: no, groups: [on, "Beheer: yes"], permissions: [a.b], password: ${secret}}
    - {username: "01234", is_staff: yes, sign_in: {provider: p, subject: "s:1"}}
    - {username: baas, is_superuser: yes, password: ${secret}}
oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: p
      endpoint_config: {oidc_op_discovery_endpoint: 'https://p.example/', oidc_op_jwks_endpoint: 'https://p.example/keys'}
      oidc_op_issuer: https://p.example
      oidc_op_former_issuers: ['https://q.example']
      oidc_use_pkce: no
      oidc_nonce_size: 48
    - {identifier: keys-only, endpoint_config: {oidc_op_jwks_endpoint: 'https://r.example/keys'}, oidc_op_issuer: 'https://r.example'}
  items:
    - identifier: admin-oidc
      oidc_provider_identifier: p
      oidc_rp_client_id: x
      oidc_rp_client_secret: ${secret}
      oidc_rp_scopes_list: [openid, "yes"]
      oidc_use_pkce: yes
      options: {free: {a: "1", b: [yes, null, 1.5]}, user_settings: {claim_mappings: {username: [sub]}}}
    - {identifier: api-oidc, enabled: no, oidc_provider_identifier: keys-only, oidc_rp_client_id: y, oidc_rp_client_secret: ${secret}, userinfo_claims_source: id_token, oidc_audience: [z]}
tokenauth_config_enable: true
tokenauth:
  items:
    - {identifier: by-value, token: ${tokenA}, contact_person: A, email: a@x.nl, permissions: [a.b, {object_type: b0e8553f-8b1a-4d55-ab90-6d02f1bcf2c2, mode: read_only}], grace_period: 24h}
    - {identifier: made, token: {generate: true}, contact_person: "on", email: a@x.nl, is_superuser: yes, expires_at: 2099-12-31T23:59:59+01:00}
    - {identifier: narrow, token: {generate: true}, contact_person: A, email: a@x.nl, user: baas, permissions: []}
`;

const item = async (place: Workplace, ...args: readonly string[]) => {
  const run = await runCli(["export", ...args, "--output", "json"], { cwd: place.folder });
  expect([run.status, run.stderr]).toEqual([0, ""]);
  const { outcome, items } = JSON.parse(run.stdout);
  expect(outcome).toBe("ok");
  return items;
};

interface Exported {
  readonly text: string;
  readonly variables: readonly { readonly name: string; readonly kind: string; readonly key: string }[];
}

/** The exported text, once it has been shown to match the database that it is from, and to make the same one elsewhere. */
async function roundTrip(place: Workplace, secretOf: (key: string, name: string) => string): Promise<string> {
  const [{ text, variables }]: readonly [Exported] = await item(place);
  const env = Object.fromEntries(variables.map(({ name, key }) => [name, secretOf(key, name)]));
  writeFiles(place.folder, { "exported.yaml": text });
  const contents = await place.contents();
  const here = await place.run(["apply", "--offline", "exported.yaml"], { env });
  expect([here.status, here.json.outcome, here.changes]).toEqual([0, "unchanged", []]);
  expect(await place.contents()).toBe(contents);
  const other = workplace({ "exported.yaml": text });
  expect((await other.run(["apply", "--offline", "exported.yaml"], { env })).json.outcome).toBe("applied");
  expect((await item(other))[0].text).toBe(text);
  return text;
}

describe("export", () => {
  it("writes every field of every kind, and no secret", async () => {
    const place = workplace();
    writeFiles(place.folder, { "config.yaml": everything });
    const made = await place.run(["apply", "--offline", "config.yaml"]);
    expect(made.status).toBe(0);
    const text = await roundTrip(place, () => secret);
    for (const hidden of [secret, tokenA, ...(made.json.generated ?? []).map(({ token }) => token)]) {
      expect(text).not.toContain(hidden);
    }
    expect(
      text.replace(/"?[\da-f]{64}"?/g, "HEX").replace(/vtb-setup \d+\.\d+\.\d+/, "vtb-setup VERSION"),
    ).toMatchSnapshot();
    const shown = await runCli(["export"], { cwd: place.folder });
    expect([shown.status, shown.stdout]).toEqual([0, text]);
  });

  it("keeps generated tokens working elsewhere", async () => {
    const place = workplace({ "config.yaml": everything });
    const made = await place.run(["apply", "--offline", "config.yaml"]);
    const values = (made.json.generated ?? []).map(({ token }) => token);
    const whole = workplace({ "all.yaml": (await item(place))[0].text });
    const env = { OIDC_CLIENT_ADMIN_OIDC_CLIENT_SECRET: secret, OIDC_CLIENT_API_OIDC_CLIENT_SECRET: secret };
    expect((await whole.run(["apply", "--offline", "all.yaml"], { env })).status).toBe(0);
    const verifier = await createVerifier({ database: whole.database });
    onTestFinished(() => verifier.close());
    for (const value of [tokenA, ...values]) {
      expect((await verifier.authenticate(`Token ${value}`)).kind).toBe("authenticated");
    }
    expect((await verifier.authenticate(`Token ${tokenA}x`)).kind).toBe("rejected");
  });

  it.each(rows.filter(({ outcome }) => outcome === "applied").map(({ file, env }) => [file, env ?? {}] as const))(
    "%s comes out as a file that means the same",
    async (file, env) => {
      const text = providers.local(file);
      const place = workplace({ [file]: text });
      expect((await place.run(["apply", "--offline", file], { env })).status).toBe(0);
      const { items = [] } = parse(text).oidc_db_config_admin_auth ?? {};
      const fields = new Map<string, Readonly<Record<string, unknown>>>(
        items.map((client: { readonly identifier: string }) => [client.identifier, client]),
      );
      await roundTrip(place, (key, name) => {
        const written = fields.get(key)?.[name.endsWith("SIGN_KEY") ? "oidc_rp_idp_sign_key" : "oidc_rp_client_secret"];
        return typeof written === "string" ? written : (Object.values(env)[0] ?? "");
      });
    },
  );

  it("writes a file for each owner, and one of what no file manages, whose plan shows owners alone", async () => {
    const place = workplace({ "config.yaml": everything });
    expect((await place.run(["apply", "--offline", "config.yaml"])).status).toBe(0);
    const team = "groups_config_enable: true\ngroups_config:\n  items: [{name: team}]\n";
    writeFiles(place.folder, { "team.yaml": team });
    expect((await place.run(["apply", "team.yaml", "--owner", "../team"])).status).toBe(0);
    const { kysely } = await place.open();
    await kysely.updateTable("groups").set({ owner: null }).where("name", "=", "on").execute();
    const written = await runCli(["export", "--all", "--output-dir", "out/files"], { cwd: place.folder });
    expect([written.status, written.stderr]).toEqual([0, ""]);
    const folder = join(place.folder, "out/files");
    expect(readdirSync(folder).sort()).toEqual(["default.yaml", "owner-..%2Fteam.yaml", "unowned.yaml"]);
    expect(statSync(join(folder, "default.yaml")).mode & 0o777).toBe(0o600);
    const plan = await place.run(["plan", "--owner", "nieuw", "out/files/unowned.yaml"]);
    expect(plan.json.changes?.map(({ key, fields }) => [key, fields])).toEqual([
      ["on", [{ name: "owner", before: null, after: "nieuw" }]],
    ]);
    const again = await runCli(["export", "--all", "--output-dir", "out/files"], { cwd: place.folder });
    expect([again.status, again.stderr]).toEqual([4, expect.stringContaining("already exists")]);
    expect(readFileSync(join(folder, "unowned.yaml"), "utf8")).toContain("that no file manages");
  });

  it("leaves out what a command ended, which would work again elsewhere", async () => {
    const place = workplace({ "config.yaml": everything });
    await place.run(["apply", "--offline", "config.yaml"]);
    expect((await runCli(["token", "revoke", "by-value"], { cwd: place.folder })).status).toBe(0);
    expect((await runCli(["token", "disable", "made"], { cwd: place.folder })).status).toBe(0);
    const [{ text, entries }] = await item(place, "api_token");
    expect([entries, parse(text).tokenauth.items.map((token: { identifier: string }) => token.identifier)]).toEqual([
      1,
      ["narrow"],
    ]);
    expect(text).toContain("# Left out, since a command ended it: api_token by-value\n");
    expect(text).toContain("# Left out, since a command ended it: api_token made\n");
  });

  it("writes the kinds that are asked for, and refuses what it does not know", async () => {
    const place = workplace({ "config.yaml": everything });
    await place.run(["apply", "--offline", "config.yaml"]);
    const [{ text, entries }] = await item(place, "group");
    expect([entries, Object.keys(parse(text))]).toEqual([2, ["vtb_setup", "groups_config_enable", "groups_config"]]);
    for (const [args, hint] of [
      [["api_tokens"], "did you mean api_token?"],
      [["--owner", "shop"], "its owners are default"],
      [["--all"], "see vtb-setup export --help"],
      [["--all", "--output-dir", "x", "--owner", "default"], "see vtb-setup export --help"],
    ] as const) {
      const run = await runCli(["export", ...args], { cwd: place.folder });
      expect([run.status, run.stdout, run.stderr]).toEqual([64, "", expect.stringContaining(hint)]);
    }
  });

  it("writes the entries of a module's step by its writers, and refuses one that has none", async () => {
    const example = readFileSync(new URL("../../examples/custom-step/step.mjs", import.meta.url), "utf8");
    const resolved = (name: string) => JSON.stringify(import.meta.resolve(name));
    const library = JSON.stringify(new URL("../../dist/index.js", import.meta.url).href);
    const step = example.replace('"vtb-setup"', library).replace('"zod"', resolved("zod"));
    const withoutWriters = step.replace("kind: webhook.name", 'kind: "other"');
    const config = readFileSync(new URL("../../examples/custom-step/config.yaml", import.meta.url), "utf8");
    const place = workplace({ "step.mjs": step, "without.mjs": withoutWriters, "config.yaml": config });
    expect((await place.run(["apply", "--steps", "step.mjs", "config.yaml"])).status).toBe(0);
    const [{ text, variables }] = await item(place, "--steps", "step.mjs");
    expect(text).not.toContain("only-for-trying-this-out");
    writeFiles(place.folder, { "exported.yaml": text });
    const env = Object.fromEntries(
      variables.map(({ name }: { readonly name: string }) => [name, "only-for-trying-this-out"]),
    );
    expect(Object.keys(env)).toEqual(["WEBHOOK_ARCHIEF_SECRET", "WEBHOOK_ZAAKSYSTEEM_SECRET"]);
    const plan = await place.run(["plan", "--steps", "step.mjs", "exported.yaml"], { env });
    expect([plan.status, plan.json.outcome]).toEqual([0, "unchanged"]);
    const refused = await runCli(["export", "--steps", "without.mjs"], { cwd: place.folder });
    expect([refused.status, refused.stdout]).toEqual([64, ""]);
    expect(refused.stderr).toContain("the step Webhooks can't export its kind webhook");
  });
});
