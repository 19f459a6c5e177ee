import { describe, expect, it } from "vitest";
import { writeFiles } from "../support/cli.js";
import { keycloakProvider } from "../support/config-text.js";
import { users, workplace } from "./outcome.js";

const client = (identifier: string, more = "", provider = "keycloak") =>
  `    - {identifier: ${identifier}, oidc_provider_identifier: ${provider}, oidc_rp_client_id: a, oidc_rp_client_secret: ` +
  `b8f1c2d3e4, options: {user_settings: {claim_mappings: {username: [sub]}}, groups_settings: {claim_mapping: [groups], sync: ` +
  `true, sync_pattern: "*", default_groups: [], make_users_staff: false, superuser_group_names: []}}${more}}\n`;

const oidc = (...clients: readonly string[]) => `
${keycloakProvider}${clients.join("")}`;

const reported = (run: { readonly diagnostics: readonly string[] }) =>
  run.diagnostics.filter((problem) => /SIGN_IN_MISSING/.test(problem));

describe("a superuser or staff account without sign_in", () => {
  const people = users(
    "username: boss, is_superuser: true",
    "username: els, is_staff: true, password: a-password-of-hers",
    "username: noodtoegang, is_superuser: true, password: a-password-for-emergencies",
    "username: jan",
    "username: weg, is_staff: true, is_active: false",
    "username: goed, is_staff: true, sign_in: {provider: keycloak}",
  );
  const expected = ["warning SIGN_IN_MISSING 4:7", "warning SIGN_IN_MISSING 5:7", "note SIGN_IN_MISSING 6:7"];

  it.each(["admin-oidc", "balie"])(
    "F1: is reported by validate, plan and apply beside %s, with the lines to write",
    async (login) => {
      const place = workplace();
      writeFiles(place.folder, { "config.yaml": people + oidc(client(login)) });
      for (const command of ["validate", "plan", "apply", "apply"]) {
        const run = await place.run([command, "config.yaml"]);
        expect([run.status, reported(run)]).toEqual([0, expected]);
        const hints = run.json.diagnostics.flatMap(({ code, hint }) => (code === "SIGN_IN_MISSING" ? hint : []));
        expect(hints).toEqual(Array(3).fill(expect.stringContaining("`sign_in: {provider: keycloak}`")));
      }
      expect((await place.run(["plan", "config.yaml", "--strict"])).status).toBe(3);
      expect((await place.run(["validate", "config.yaml", "--strict"])).status).toBe(3);
      // Following the hints ends it; a note may stay.
      const signIn = ", sign_in: {provider: keycloak}}";
      const mended = people
        .replace("is_superuser: true}", `is_superuser: true${signIn}`)
        .replace("hers}", `hers${signIn}`);
      expect(mended).not.toBe(people);
      const done = await place.apply(mended + oidc(client("admin-oidc")));
      expect([done.status, reported(done)]).toEqual([0, ["note SIGN_IN_MISSING 6:7"]]);
    },
  );

  it.each([
    { what: "no client", clients: "" },
    { what: "the API's client alone", clients: oidc(client("api-oidc")) },
    { what: "a disabled login client", clients: oidc(client("admin-oidc", ", enabled: false")) },
  ])("F1: is not reported beside $what", async ({ clients }) => {
    const place = workplace();
    const applied = await place.apply(people.replace(", sign_in: {provider: keycloak}", "") + clients);
    expect([applied.status, reported(applied)]).toEqual([0, []]);
    expect(reported(await place.run(["validate", "config.yaml"]))).toEqual([]);
  });

  it("F1: is reported by plan and apply where only the database has the login client", async () => {
    const place = workplace();
    await place.apply(oidc(client("admin-oidc")));
    const file = users("username: boss, is_staff: true");
    expect(reported(await place.apply(file))).toEqual(["warning SIGN_IN_MISSING 4:7"]);
    expect(reported(await place.run(["plan", "config.yaml"]))).toEqual(["warning SIGN_IN_MISSING 4:7"]);
    expect(reported(await place.run(["validate", "config.yaml"]))).toEqual([]);
  });
});

describe("sign_in", () => {
  it("F1 S84: is an error beside a superuser's password, and not beside another user's", async () => {
    const place = workplace();
    const field = (more: string) =>
      users(`username: a, ${more}, sign_in: {provider: keycloak}`) + oidc(client("api-oidc"));
    const both = await place.apply(field("is_superuser: true, password: a-password-of-hers"));
    expect([both.status, both.diagnostics]).toEqual([3, ["error INVALID_VALUE 4:80"]]);
    for (const more of ["is_staff: true, password: a-password-of-hers", 'is_superuser: true, password: ""']) {
      expect((await place.apply(field(more))).status).toBe(0);
    }
  });

  it("F1: names a provider of the file or the database, and is shown in the plan", async () => {
    const place = workplace();
    const file = users("username: boss, is_staff: true, sign_in: {provider: keycloack, subject: s-1}");
    const wrong = await place.apply(file + oidc(client("admin-oidc")));
    expect([wrong.status, wrong.diagnostics]).toEqual([3, ["error REFERENCE_NOT_FOUND 4:60"]]);
    const right = await place.apply(file.replace("keycloack", "keycloak") + oidc(client("admin-oidc")));
    expect(right.status).toBe(0);
    expect(right.json.changes?.find(({ kind }) => kind === "user")?.fields).toEqual(
      expect.arrayContaining([
        { name: "sign_in_provider", before: null, after: "keycloak" },
        { name: "sign_in_subject", before: null, after: "s-1" },
      ]),
    );
    const again = await place.apply(file.replace("keycloack", "keycloak"));
    expect([again.status, again.json.outcome]).toEqual([0, "unchanged"]);
    const without = "providers: [{identifier: keycloak, state: absent}]\n  items: []\n";
    const gone = await place.apply(`oidc_db_config_enable: true\noidc_db_config_admin_auth:\n  ${without}`);
    expect([gone.status, new Set(gone.json.diagnostics.map(({ code }) => code))]).toEqual([
      4,
      new Set(["RESOURCE_IN_USE"]),
    ]);
  });

  it("F1: names one person for one user", async () => {
    const place = workplace();
    const signIn = "sign_in: {provider: keycloak, subject: s-1}";
    const run = await place.apply(users(`username: a, ${signIn}`, `username: b, ${signIn}`) + oidc(client("api-oidc")));
    expect([run.status, run.diagnostics]).toEqual([3, ["error DUPLICATE_RESOURCE 5:30"]]);
  });
});
