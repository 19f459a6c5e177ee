import { describe, expect, it } from "vitest";
import { writeFiles } from "../support/cli.js";
import { keycloakProvider } from "../support/config-text.js";
import { workplace } from "./outcome.js";

const client = (identifier: string, more = "") =>
  `    - {identifier: ${identifier}, oidc_provider_identifier: keycloak, oidc_rp_client_id: a, oidc_rp_client_secret: b8f1c2d3e4${more}}\n`;

const oidc = (...clients: readonly string[]) => keycloakProvider + clients.join("");

const reported = (run: { readonly diagnostics: readonly string[] }) =>
  run.diagnostics.filter((problem) => /NO_API_CLIENT/.test(problem));

const note = ["note NO_API_CLIENT 12:7"];

describe("a file whose clients only sign people in", () => {
  it.each([
    { what: "`admin-oidc` alone", clients: [client("admin-oidc")] },
    { what: "a disabled `api-oidc`", clients: [client("admin-oidc"), client("api-oidc", ", enabled: false")] },
    {
      what: "an `api-oidc` to take away",
      clients: [client("admin-oidc"), "    - {identifier: api-oidc, state: absent}\n"],
    },
  ])("F63: is noted by plan and apply each time: $what", async ({ clients }) => {
    const place = workplace();
    writeFiles(place.folder, { "config.yaml": oidc(...clients) });
    for (const command of ["plan", "apply", "apply"]) {
      const run = await place.run([command, "config.yaml"]);
      expect([run.status, reported(run)]).toEqual([0, note]);
      const found = run.json.diagnostics.find(({ code }) => code === "NO_API_CLIENT");
      expect(found?.message).toBe("no enabled client guards the API, so every bearer token is rejected");
      expect(found?.hint).toContain("`identifier: api-oidc`");
    }
    // --strict does not refuse notes; --deny refuses this one.
    const strict = ["--allow", "OPTIONS_DEFAULTED", "--strict"];
    expect((await place.run(["plan", "config.yaml", ...strict])).status).toBe(0);
    expect((await place.run(["plan", "config.yaml", "--deny", "NO_API_CLIENT"])).status).toBe(4);
  });

  it.each([
    { what: "`api-oidc` beside it", clients: [client("admin-oidc"), client("api-oidc")] },
    { what: "a client of another name", clients: [client("admin-oidc"), client("balie")] },
    { what: "no login either", clients: [client("api-oidc", ", enabled: false")] },
    { what: "a disabled login", clients: [client("admin-oidc", ", enabled: false")] },
  ])("F63: is not noted with $what", async ({ clients }) => {
    const place = workplace();
    const run = await place.apply(oidc(...clients));
    expect([run.status, reported(run)]).toEqual([0, []]);
  });

  it("F63: is not noted where another owner's files or a person created the API's client", async () => {
    const place = workplace();
    writeFiles(place.folder, { "api.yaml": oidc(client("api-oidc")), "login.yaml": loginAlone });
    await place.run(["apply", "api.yaml", "--owner", "api"]);
    expect(reported(await place.run(["apply", "login.yaml"]))).toEqual([]);
    const { kysely } = await place.open();
    await kysely.updateTable("oidc_clients").set({ owner: null }).where("identifier", "=", "api-oidc").execute();
    expect(reported(await place.run(["plan", "login.yaml"]))).toEqual([]);
    // Disabled or deleted there, it guards nothing.
    await kysely.updateTable("oidc_clients").set({ enabled: 0 }).where("identifier", "=", "api-oidc").execute();
    expect(reported(await place.run(["plan", "login.yaml"]))).toEqual(["note NO_API_CLIENT 4:7"]);
  });

  it("F63: is not noted by validate, which can't know what the database has", async () => {
    const place = workplace();
    writeFiles(place.folder, { "config.yaml": oidc(client("admin-oidc")) });
    expect(reported(await place.run(["validate", "config.yaml"]))).toEqual([]);
  });
});

const loginAlone = `oidc_db_config_enable: true
oidc_db_config_admin_auth:
  items:
${client("admin-oidc")}`;
