import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { migratedWorkplace, tokenA, tokenB, tokenItem, tokens, users, type Workplace } from "./outcome.js";

const groups = (...items: readonly string[]) =>
  `groups_config_enable: true\ngroups_config:\n  items:\n${items.map((item) => `    - {${item}}\n`).join("")}`;

const provider = (name: string, more = "") =>
  `    - {identifier: ${name}, endpoint_config: {oidc_op_jwks_endpoint: 'https://p.example/keys'}, oidc_op_issuer: 'https://p.example'${more}}\n`;
const client = (name: string, of: string, more = "") =>
  `    - {identifier: ${name}, oidc_provider_identifier: ${of}, oidc_rp_client_id: a, oidc_rp_client_secret: welkom-in-zaandam, userinfo_claims_source: id_token${more}}\n`;
const oidc = (providers: string, clients: string) =>
  `oidc_db_config_enable: true\noidc_db_config_admin_auth:\n  providers:\n${providers}  items:\n${clients}`;

const errorsOf = ({ diagnostics }: { readonly diagnostics: readonly string[] }) =>
  diagnostics.filter((text) => /^(?:error|refusal) /.test(text));

async function rowsOf(place: Workplace) {
  const { kysely } = await place.open();
  const named = async (table: "groups" | "users" | "oidc_providers" | "oidc_clients" | "api_tokens") =>
    (await kysely.selectFrom(table).selectAll().execute()) as readonly (Record<string, unknown> & { id: string })[];
  return {
    kysely,
    groups: Object.fromEntries((await named("groups")).map(({ id, name }) => [name, id])),
    users: Object.fromEntries((await named("users")).map(({ id, username }) => [username, id])),
    providers: Object.fromEntries((await named("oidc_providers")).map(({ id, identifier }) => [identifier, id])),
    clients: Object.fromEntries((await named("oidc_clients")).map(({ id, identifier }) => [identifier, id])),
    tokens: Object.fromEntries((await named("api_tokens")).map(({ id, identifier }) => [identifier, id])),
  };
}

describe("renamed_from", () => {
  it("renames an entry of every kind, which keeps its row and all that refers to it", async () => {
    const place = await migratedWorkplace();
    const yaml = (suffix: string, from: (name: string) => string) =>
      groups(`name: g${suffix}, permissions: [a.b]${from("g")}`) +
      users(
        `username: u${suffix}, groups: [{name: g${suffix}, until: 2099-01-01T00:00:00Z}], sign_in: {provider: p${suffix}, subject: s}${from("u")}`,
      ) +
      oidc(provider(`p${suffix}`, from("p")), client(`c${suffix}`, `p${suffix}`, from("c"))) +
      tokens(
        tokenItem(`t${suffix}`, "{generate: true}", `user: u${suffix}${from("t")}`).replace(/t\d*@/, "t@"),
        tokenItem(`s${suffix}`, "{generate: true}", `permissions: [a.b]${from("s")}`).replace(/s\d*@/, "s@"),
      );
    await place.apply(yaml("", () => ""));
    const before = await rowsOf(place);
    // Someone signs in as the user, so that a link is there to be kept.
    const link = { issuer: "https://p.example", subject: "s" };
    await before.kysely.updateTable("users").set(link).where("username", "=", "u").execute();
    const session = { digest: "d", user_id: before.users.u ?? "", client: "c", client_id: before.clients.c ?? "" };
    const times = { created_at: "2026-01-01", seen_at: "2026-01-01", expires_at: "2099-01-01" };
    await before.kysely
      .insertInto("login_sessions")
      .values({ ...session, ...times })
      .execute();

    const next = yaml("2", (name) => `, renamed_from: ${name}`);
    writeFiles(place.folder, { "config.yaml": next });
    const text = await runCli(["plan", "config.yaml"], { cwd: place.folder });
    expect(text.stdout).toContain("  ~ g2 (renamed from g)\n");
    const run = await place.apply(next);
    expect([run.status, errorsOf(run)]).toEqual([0, []]);
    expect(run.json.changes?.map(({ key, previousKey, fields }) => [key, previousKey, fields])).toEqual(
      ["g", "p", "u", "c", "t", "s"].map((name) => [
        `${name}2`,
        name,
        [{ name: "key", before: name, after: `${name}2` }],
      ]),
    );
    const after = await rowsOf(place);
    expect([after.groups, after.users, after.providers, after.clients, after.tokens]).toEqual([
      { g2: before.groups.g },
      { u2: before.users.u, s2: before.users.s },
      { p2: before.providers.p },
      { c2: before.clients.c },
      { t2: before.tokens.t, s2: before.tokens.s },
    ]);
    expect(
      await after.kysely.selectFrom("users").select(["issuer", "subject"]).where("username", "=", "u2").execute(),
    ).toEqual([link]);
    expect(await after.kysely.selectFrom("login_sessions").select(["client"]).execute()).toEqual([{ client: "c2" }]);
    const journal = after.kysely.selectFrom("run_changes").select("fields").where("key", "=", "g2");
    expect((await journal.execute()).map(({ fields }) => JSON.parse(fields))).toEqual([
      [{ name: "key", before: "g", after: "g2" }],
    ]);
    expect((await place.apply(next)).json.outcome).toBe("unchanged");
    // Written without it, the former name is forgotten, and nothing else happens.
    const plain = await place.apply(yaml("2", () => ""));
    expect(plain.json.changes?.flatMap(({ fields }) => fields.map(({ name }) => name))).toEqual(
      Array.from({ length: 6 }, () => "renamed_from"),
    );
    expect((await place.apply(yaml("2", () => ""))).json.outcome).toBe("unchanged");
  });

  it("renames a chain, and swaps two names, once each", async () => {
    const place = await migratedWorkplace();
    await place.apply(groups("name: a, permissions: [x.a]", "name: b, permissions: [x.b]"));
    const before = (await rowsOf(place)).groups;
    const chain = groups(
      "name: c, renamed_from: b, permissions: [x.b]",
      "name: b, renamed_from: a, permissions: [x.a]",
    );
    expect((await place.apply(chain)).changes).toEqual(["update group c", "update group b"]);
    expect((await rowsOf(place)).groups).toEqual({ b: before.a, c: before.b });
    expect((await place.apply(chain)).json.outcome).toBe("unchanged");
    // The former names are done with before they are used again.
    await place.apply(groups("name: c, permissions: [x.b]", "name: b, permissions: [x.a]"));
    const swap = groups("name: b, renamed_from: c, permissions: [x.b]", "name: c, renamed_from: b, permissions: [x.a]");
    expect((await place.apply(swap)).changes).toEqual(["update group b", "update group c"]);
    expect((await rowsOf(place)).groups).toEqual({ c: before.a, b: before.b });
    expect((await place.apply(swap)).json.outcome).toBe("unchanged");
  });

  it("swaps two tokens with their service users, and two users", async () => {
    const place = await migratedWorkplace();
    const yaml = (one: string, other: string) =>
      tokens(tokenItem("x", tokenA, one), tokenItem("y", tokenB, other)) +
      users(`username: v, ${one}`, `username: w, ${other}`);
    await place.apply(yaml("protect: false", "protect: false"));
    const before = await rowsOf(place);
    const swap =
      tokens(
        tokenItem("x", tokenB, "renamed_from: y").replace("x@", "y@"),
        tokenItem("y", tokenA, "renamed_from: x").replace("y@", "x@"),
      ) + users("username: v, renamed_from: w", "username: w, renamed_from: v");
    const run = await place.apply(swap);
    expect([run.status, errorsOf(run)]).toEqual([0, []]);
    const after = await rowsOf(place);
    expect(after.tokens).toEqual({ x: before.tokens.y, y: before.tokens.x });
    expect(after.users).toEqual({ x: before.users.y, y: before.users.x, v: before.users.w, w: before.users.v });
    expect((await place.apply(swap)).json.outcome).toBe("unchanged");
  });

  it("creates the entry where the former one does not exist, with a note if there are others", async () => {
    const place = await migratedWorkplace();
    const fresh = await place.apply(groups("name: b, renamed_from: a"));
    expect([fresh.changes, fresh.diagnostics]).toEqual([["create group b"], []]);
    const more = await place.apply(groups("name: b, renamed_from: a", "name: d, renamed_from: c"));
    expect([more.changes, more.diagnostics]).toEqual([["create group d"], ["note REFERENCE_NOT_FOUND 5:31"]]);
    const again = await place.apply(groups("name: b, renamed_from: a", "name: d, renamed_from: c"));
    expect([again.json.outcome, again.diagnostics]).toEqual(["unchanged", []]);
  });

  it("only notes the former name of an entry that has the new name already", async () => {
    const place = await migratedWorkplace();
    await place.apply(groups("name: b"));
    const run = await place.apply(groups("name: b, renamed_from: a"));
    expect(run.json.changes).toMatchObject([{ fields: [{ name: "renamed_from", before: null, after: "a" }] }]);
    expect((await place.apply(groups("name: b, renamed_from: a"))).json.outcome).toBe("unchanged");
  });

  it("is refused where the database has both, and where another owner has the former one", async () => {
    const place = await migratedWorkplace();
    await place.apply(groups("name: a", "name: b"));
    const before = await place.contents();
    const both = await place.apply(groups("name: b, renamed_from: a"));
    expect([both.status, errorsOf(both)]).toEqual([4, ["refusal RENAME_CONFLICT 4:31"]]);
    const other = await place.run(["apply", "config.yaml", "--owner", "team"]);
    expect(other.status).toBe(4);
    writeFiles(place.folder, { "config.yaml": groups("name: c, renamed_from: a") });
    const owned = await place.run(["apply", "config.yaml", "--owner", "team"]);
    expect([owned.status, errorsOf(owned)]).toEqual([4, ["refusal OWNED_BY_OTHER 4:7"]]);
    expect(await place.contents()).toBe(before);
    expect((await place.run(["apply", "config.yaml"])).changes).toEqual(["update group c"]);
  });

  it.each([
    ["its own name", ["name: a, renamed_from: a"], "4:31"],
    ["a name that the files declare", ["name: b, renamed_from: a", "name: a"], "4:31"],
    ["a name that the files delete", ["name: b, renamed_from: a", "name: a, state: absent"], "4:31"],
    ["a name that another entry was renamed from", ["name: b, renamed_from: a", "name: c, renamed_from: a"], "5:31"],
  ] as const)("is an error with %s", async (_, items, where) => {
    const place = await migratedWorkplace({ "config.yaml": groups(...items) });
    const run = await place.run(["validate", "config.yaml"]);
    expect([run.status, run.diagnostics]).toEqual([3, [`error RENAME_CONFLICT ${where}`]]);
  });

  it("works in a custom step, whose references to renamed entries hold as well", async () => {
    const place = await migratedWorkplace();
    const step = ["--steps", resolve("examples/custom-step/step.mjs")];
    const yaml = readFileSync("examples/custom-step/config.yaml", "utf8");
    const apply = (text: string) => {
      writeFiles(place.folder, { "config.yaml": text });
      return place.run(["apply", "config.yaml", ...step]);
    };
    await apply(yaml);
    const next = yaml.replace("- name: archief\n", "- name: archief2\n      renamed_from: archief\n");
    expect((await apply(next)).json.changes).toMatchObject([
      { action: "update", key: "archief2", previousKey: "archief" },
    ]);
    expect((await apply(next)).json.outcome).toBe("unchanged");
  });

  it("is exported, so that the file changes nothing", async () => {
    const place = await migratedWorkplace();
    await place.apply(groups("name: b, renamed_from: a, protect: true"));
    const exported = await runCli(["export"], { cwd: place.folder });
    expect(exported.stdout).toContain("renamed_from: a");
    expect((await place.apply(exported.stdout)).json.outcome).toBe("unchanged");
  });
});

describe("a reference under the former name", () => {
  it("resolves with a warning, in the same files and in those of another owner, until renamed_from is gone", async () => {
    const place = await migratedWorkplace();
    const people = users("username: jan, groups: [oud, rest]");
    writeFiles(place.folder, { "groups.yaml": groups("name: oud", "name: rest"), "people.yaml": people });
    await place.run(["apply", "groups.yaml"]);
    await place.run(["apply", "people.yaml", "--owner", "people"]);
    const apply = (...args: readonly string[]) => place.run(["apply", ...args]);
    writeFiles(place.folder, { "groups.yaml": groups("name: nieuw, renamed_from: oud", "name: rest") });
    expect((await apply("groups.yaml")).changes).toEqual(["update group nieuw"]);
    const other = await apply("people.yaml", "--owner", "people");
    expect([other.status, other.json.outcome, other.diagnostics]).toEqual([
      0,
      "unchanged",
      ["warning RENAMED_REFERENCE 4:32"],
    ]);
    expect(other.json.diagnostics[0]?.message).toBe("user jan names group oud, which is now called nieuw");
    expect((await apply("people.yaml", "--owner", "people", "--strict")).status).toBe(3);
    // The same files, and validate.
    writeFiles(place.folder, {
      "own.yaml": `${groups("name: nieuw, renamed_from: oud", "name: rest")}${users("username: eva, groups: [{name: oud, until: 2099-01-01T00:00:00Z}]")}`,
    });
    expect((await apply("own.yaml")).diagnostics).toEqual(["warning RENAMED_REFERENCE 9:39"]);
    expect((await place.run(["validate", "own.yaml"])).diagnostics).toEqual(["warning RENAMED_REFERENCE 9:39"]);
    const { kysely } = await place.open();
    const members = kysely
      .selectFrom("user_groups")
      .innerJoin("groups", "groups.id", "user_groups.group_id")
      .innerJoin("users", "users.id", "user_groups.user_id")
      .select(["username", "name"])
      .orderBy("username")
      .orderBy("name");
    expect((await members.execute()).map(({ username, name }) => `${username} ${name}`)).toEqual([
      "eva nieuw",
      "jan nieuw",
      "jan rest",
    ]);
    // Gone with `renamed_from`.
    writeFiles(place.folder, { "groups.yaml": groups("name: nieuw", "name: rest") });
    await apply("groups.yaml");
    const gone = await apply("people.yaml", "--owner", "people");
    expect([gone.status, errorsOf(gone)]).toEqual([3, ["error REFERENCE_NOT_FOUND 4:32"]]);
  });

  it("resolves for a token's user, a client's provider and a user's sign_in", async () => {
    const place = await migratedWorkplace();
    const yaml = (user: string, op: string, more: readonly [string, string]) =>
      `${users(`username: u2${more[0]}, sign_in: {provider: ${op}, subject: s}`)}${oidc(
        provider("p2", more[1]),
        client("api-oidc", op),
      )}${tokens(tokenItem("t", tokenA, `user: ${user}`))}`;
    await place.apply(yaml("u2", "p2", ["", ""]).replaceAll("u2", "u").replaceAll("p2", "p"));
    const run = await place.apply(yaml("u", "p", [", renamed_from: u", ", renamed_from: p"]));
    expect([run.status, errorsOf(run)]).toEqual([0, []]);
    expect(run.diagnostics.filter((text) => text.includes("RENAMED_REFERENCE"))).toHaveLength(3);
    expect(run.changes).toEqual(["update oidc_provider p2", "update user u2"]);
    expect((await place.apply(yaml("u", "p", [", renamed_from: u", ", renamed_from: p"]))).json.outcome).toBe(
      "unchanged",
    );
  });

  it("means the entry that has that name now, where there is one", async () => {
    const place = await migratedWorkplace();
    await place.apply(groups("name: a", "name: b"));
    const swapped = `${groups("name: a, renamed_from: b", "name: b, renamed_from: a")}${users("username: jan, groups: [a]")}`;
    const run = await place.apply(swapped);
    expect([run.status, run.diagnostics]).toEqual([0, []]);
    expect((await place.apply(swapped)).json.outcome).toBe("unchanged");
  });

  it("ends where another entry gets that name while no file declares the renamed one, and the export can be applied", async () => {
    const place = await migratedWorkplace();
    await place.apply(groups("name: a"));
    await place.apply(groups("name: b, renamed_from: a"));
    await place.apply(groups("name: a"));
    const { stdout } = await runCli(["export"], { cwd: place.folder });
    expect(stdout).not.toContain("renamed_from");
    expect((await place.apply(stdout)).json.outcome).toBe("unchanged");
  });
});
