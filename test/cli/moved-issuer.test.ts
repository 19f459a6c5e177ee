import { describe, expect, it } from "vitest";
import { writeFiles } from "../support/cli.js";
import { explicitProvider } from "../support/config-text.js";
import { users, type Workplace, workplace } from "./outcome.js";

const oldIssuer = "https://keycloak.example/realms/a";
const newIssuer = "https://login.example/realms/a";
const provider = explicitProvider.replace("SECRET", "b8f1c2d3e4");
const issuerLine = `      oidc_op_issuer: ${oldIssuer}\n`;
const moved = (...lines: readonly string[]) =>
  provider.replace(issuerLine, [`oidc_op_issuer: ${newIssuer}`, ...lines].map((line) => `      ${line}\n`).join(""));
const people = (more = "") => users("username: jan", `username: els${more}`, "username: piet");

/** Two of three users have signed in at the provider. */
async function makePlace(): Promise<Workplace> {
  const place = workplace();
  await place.apply(people() + provider);
  const { kysely } = await place.open();
  for (const name of ["jan", "els"]) {
    await kysely
      .updateTable("users")
      .set({ issuer: oldIssuer, subject: `s-${name}` })
      .where("username", "=", name)
      .execute();
  }
  return place;
}

async function reported(place: Workplace, yaml: string, command = "apply") {
  const run = command === "apply" ? await place.apply(yaml) : await place.run([command, "config.yaml"]);
  const found = run.json.diagnostics.filter(({ code }) => code === "LINKS_UNMATCHED");
  return { status: run.status, found: found.map(({ severity, message, line }) => ({ severity, message, line })) };
}

describe("links of users to an issuer that no provider has", () => {
  const warned = (count: string, when: string) =>
    `${count} linked to people of the issuer ${oldIssuer}, which no provider has ${when}: they can't sign in`;

  it("F61: are counted in a warning by the run that leaves them behind, and in a note afterwards", async () => {
    const place = await makePlace();
    expect(await reported(place, people() + provider)).toEqual({ status: 0, found: [] });
    const file = people() + moved();
    const line = file.split("\n").findIndex((text) => text.includes(newIssuer)) + 1;
    const message = warned("2 users are", "after this change");
    const before = await place.contents();
    writeFiles(place.folder, { "config.yaml": file });
    expect(await reported(place, file, "plan")).toEqual({ status: 0, found: [{ severity: "warning", message, line }] });
    expect((await place.run(["apply", "config.yaml", "--strict"])).status).toBe(3);
    expect(await place.contents()).toBe(before);
    expect(await reported(place, file)).toEqual({ status: 0, found: [{ severity: "warning", message, line }] });
    const after = { severity: "note", message: warned("2 users are", "any more"), line };
    expect(await reported(place, file)).toEqual({ status: 0, found: [after] });
    // As the hint says.
    const mended = people() + moved(`oidc_op_former_issuers: [${oldIssuer}]`);
    expect(await reported(place, mended)).toEqual({ status: 0, found: [] });
    expect((await place.apply(mended)).json.outcome).toBe("unchanged");
    // Taking the line away again is another such change.
    expect((await reported(place, file)).found).toMatchObject([{ severity: "warning", message }]);
  });

  it("F61: are not reported where the same run links, deletes or releases the users", async () => {
    const place = await makePlace();
    const former = await reported(place, people() + moved(`oidc_op_former_issuers: [${oldIssuer}]`));
    expect(former).toEqual({ status: 0, found: [] });
    const other = await makePlace();
    const one = people(", sign_in: {provider: keycloak, subject: n-els}") + moved();
    expect((await reported(other, one)).found).toMatchObject([{ message: warned("1 user is", "after this change") }]);
    const third = await makePlace();
    const gone = users("username: jan, state: absent", "username: els, state: absent") + moved();
    expect((await reported(third, gone)).found).toEqual([]);
  });

  it("F61: are reported too where the provider is replaced by one with another name", async () => {
    const place = await makePlace();
    const renamed = moved().replaceAll("keycloak\n", "login\n");
    const without = renamed.replace("  providers:\n", "  providers:\n    - {identifier: keycloak, state: absent}\n");
    expect((await reported(place, people() + without)).found).toMatchObject([
      { severity: "warning", message: warned("2 users are", "after this change") },
    ]);
  });

  it("F61: are not reported by a run that declares no provider", async () => {
    const place = await makePlace();
    await place.apply(people() + moved());
    expect(await reported(place, people())).toEqual({ status: 0, found: [] });
  });
});

describe("oidc_op_former_issuers", () => {
  it.each([
    ["''", "INVALID_VALUE"],
    ["keycloak.example", "INVALID_VALUE"],
    ["' https://keycloak.example/realms/a'", "INVALID_VALUE"],
    ["https://u:p@keycloak.example/", "INVALID_VALUE"],
  ])("F61: may not contain %s", async (value, code) => {
    const place = workplace();
    const run = await place.apply(moved(`oidc_op_former_issuers: [${value}]`));
    expect([run.status, run.diagnostics.map((problem) => problem.split(" ").slice(0, 2).join(" "))]).toEqual([
      3,
      [`error ${code}`],
    ]);
  });

  it("F61: is an error where another provider has the issuer, at its position", async () => {
    const place = workplace();
    const both = moved(`oidc_op_former_issuers: [${oldIssuer}]`).replace(
      "  items:",
      `    - {identifier: old, oidc_op_issuer: ${oldIssuer}, endpoint_config: {oidc_op_authorization_endpoint: https://a.example/a, oidc_op_token_endpoint: https://a.example/t, oidc_op_user_endpoint: https://a.example/u, oidc_op_jwks_endpoint: https://a.example/j}}\n  items:`,
    );
    const line = both.split("\n").findIndex((text) => text.includes("former_issuers")) + 1;
    const run = await place.apply(both);
    expect([run.status, run.diagnostics]).toEqual([3, [`error INVALID_VALUE ${line}:32`]]);
  });
});
