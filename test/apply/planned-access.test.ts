import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { allRules } from "../../src/access/listing.js";
import { loadConfig } from "../../src/apply/load.js";
import { plannedAccess } from "../../src/apply/planned-access.js";
import { tokenA, tokenItem, tokens, users, workplace } from "../cli/outcome.js";
import { runCli, writeFiles } from "../support/cli.js";
import { sealingEnv } from "../support/databases.js";
import { freePort } from "../support/http-server.js";

const group = `groups_config_enable: true
groups_config:
  items:
    - name: lezers
      permissions:
        - taken.view
`;
const jan = "username: jan, email: jan@example.nl, groups: [lezers], permissions: [taken.own]";
const config = group + users(jan) + tokens(tokenItem("van-jan", tokenA, "user: jan"));

async function plannedIn(place: ReturnType<typeof workplace>, yaml: string, database: string | undefined) {
  writeFiles(place.folder, { "next.yaml": yaml });
  const configuration = await loadConfig([join(place.folder, "next.yaml")]);
  return await plannedAccess(configuration, { database, env: sealingEnv() });
}

const namesIn = ({ facts }: Awaited<ReturnType<typeof plannedIn>>) => ({
  users: [...facts.users.values()].map(({ username }) => username).sort(),
  tokens: [...facts.tokens.values()].map(({ identifier }) => identifier).sort(),
});

describe("planned access", () => {
  it("over a database holds what the files leave alone and what they change, and writes nothing", async () => {
    const place = workplace();
    await place.apply(users("username: els, email: els@example.nl"));
    const before = await place.contents();
    const planned = await plannedIn(place, config, place.database);
    expect(namesIn(planned)).toEqual({ users: ["els", "jan"], tokens: ["van-jan"] });
    expect(await place.contents()).toBe(before);
  });

  it("of files that change nothing is what the database holds", async () => {
    const place = workplace();
    await place.apply(config);
    expect(namesIn(await plannedIn(place, config, place.database))).toEqual({ users: ["jan"], tokens: ["van-jan"] });
  });

  it("over a database that is not there is that of the files, and makes none", async () => {
    const place = workplace();
    const planned = await plannedIn(place, config, place.database);
    expect(namesIn(planned)).toEqual({ users: ["jan"], tokens: ["van-jan"] });
    expect(await place.hasDatabase()).toBe(false);
  });

  it("without a database knows nothing of the one in the folder", async () => {
    const place = workplace();
    await place.apply(users("username: els, email: els@example.nl"));
    const planned = await plannedIn(place, config, undefined);
    expect(namesIn(planned)).toEqual({ users: ["jan"], tokens: ["van-jan"] });
    expect(allRules(planned.facts)).toEqual([]);
  });

  it("ties a token to the person who gets the name that its service user had", async () => {
    const place = workplace();
    const before = users("username: els, email: els@example.nl");
    await place.apply(before + tokens(tokenItem("jan", tokenA, "permissions: [taken.view]")));
    const after = users("username: jan, renamed_from: els, email: els@example.nl, permissions: [taken.view]");
    const yaml = after + tokens(tokenItem("jan", tokenA, "user: jan"));
    const { facts } = await plannedIn(place, yaml, place.database);
    const [token] = facts.tokens.values();
    expect(facts.users.get(token?.userId ?? "")).toMatchObject({ username: "jan", isService: false });
    const { json } = await place.run(["plan", "next.yaml"]);
    expect(json.summary).toMatchObject({ gains: 1, losses: 0 });
  });

  it("says where an entry, an attribute or a text of a list stands, and nothing of what no file declares", async () => {
    const place = workplace();
    await place.apply(users("username: els, email: els@example.nl"));
    const { rangeOf } = await plannedIn(place, config, place.database);
    const at = (...asked: Parameters<typeof rangeOf>) => rangeOf(...asked)?.position;
    const lezers = { kind: "group", key: "lezers" };
    expect(at(lezers)).toEqual({ file: join(place.folder, "next.yaml"), line: 4, column: 7 });
    expect(at(lezers, "permissions", "taken.view")).toMatchObject({ line: 6, column: 11 });
    expect(at({ kind: "user", key: "jan" }, "permissions", "taken.own")?.line).toBe(10);
    expect(at({ kind: "api_token", key: "van-jan" })?.line).toBe(14);
    expect(at({ kind: "user", key: "els" })).toBeUndefined();
  });

  it("of what apply would refuse is refused in the same way, over a database and without one", async () => {
    const place = workplace();
    const dangling = tokens(tokenItem("van-jan", tokenA, "user: piet"));
    const nearlyDeclared = users("username: piet, email: piet@example.nl") + dangling.replace("piet", "pieet");
    await expect(plannedIn(place, dangling, place.database)).rejects.toMatchObject({ reason: "invalid" });
    await expect(plannedIn(place, nearlyDeclared, undefined)).rejects.toMatchObject({ reason: "invalid" });
    const { diagnostics } = await plannedIn(place, dangling, undefined);
    expect(diagnostics.map(({ severity, code }) => `${severity} ${code}`)).toContain("note REFERENCE_NOT_FOUND");
  });

  it("asks no provider", async () => {
    const place = workplace();
    const closed = await freePort();
    const oidc = `oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: idp
      endpoint_config: {oidc_op_discovery_endpoint: http://127.0.0.1:${closed}/}
  items:
    - identifier: api-oidc
      oidc_provider_identifier: idp
      oidc_rp_client_id: api
      oidc_rp_client_secret: 6mQ0bJp2Vx8sLr4nYt1kWz7cHd3fGa5e
`;
    const planned = await plannedIn(place, oidc, place.database);
    expect([...planned.facts.clients.values()].map(({ identifier }) => identifier)).toEqual(["api-oidc"]);
    expect(await runCli(["plan", "next.yaml"], { cwd: place.folder })).toMatchObject({ status: 5 });
  });
});
