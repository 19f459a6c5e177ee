import { describe, expect, it } from "vitest";
import { Secret } from "../../src/secrets/secret.js";
import { digestToken } from "../../src/secrets/token.js";
import { tokenA, tokenB, tokenC, tokenItem, tokens, type Workplace, workplace } from "./outcome.js";

const digest = (value: string) => digestToken(new Secret(value));
const uuid = "b0e8553f-8b1a-4d55-ab90-6d02f1bcf2c2";
const otherUuid = "b427ef84-189d-43aa-9efd-7bb2c459e281";

async function rows(place: Workplace) {
  return (await place.open()).kysely
    .selectFrom("api_tokens")
    .select(["identifier", "digest", "contact_person", "email", "organization", "application", "administration"])
    .orderBy("identifier")
    .execute();
}

/** The permissions of each service user, sorted. */
async function permissions(place: Workplace): Promise<Readonly<Record<string, readonly string[]>>> {
  const { kysely } = await place.open();
  const names = await kysely.selectFrom("users").select("username").orderBy("username").execute();
  const granted = await kysely
    .selectFrom("user_permissions")
    .innerJoin("users", "users.id", "user_permissions.user_id")
    .select(["username", "permission"])
    .orderBy("permission")
    .execute();
  return Object.fromEntries(
    names.map(({ username }) => [
      username,
      granted.filter((row) => row.username === username).map(({ permission }) => permission),
    ]),
  );
}

function objectType(type: string, mode: string): string {
  return `{object_type: ${type}, mode: ${mode}}`;
}

describe("Open Klant's tokens (A8)", () => {
  it("A8.51 creates two rows, with empty texts for what is left out", async () => {
    const place = workplace();
    const run = await place.apply(tokens(tokenItem("token-1", tokenA), tokenItem("token-2", tokenB)));
    expect(run.status).toBe(0);
    const left = { contact_person: "Beheer", organization: "", application: "", administration: "" };
    expect(await rows(place)).toEqual([
      { identifier: "token-1", digest: digest(tokenA), email: "token-1@example.nl", ...left },
      { identifier: "token-2", digest: digest(tokenB), email: "token-2@example.nl", ...left },
    ]);
  });

  it("A8.52 updates one token, keeps one that no file declares, and adds one", async () => {
    const place = workplace();
    await place.apply(tokens(tokenItem("token-1", tokenA), tokenItem("token-2", tokenB)));
    const run = await place.apply(tokens(tokenItem("token-1", `${tokenA}0`), tokenItem("token-3", tokenC)));
    expect(run.changes).toEqual(["update api_token token-1", "create api_token token-3"]);
    expect((await rows(place)).map((row) => [row.identifier, row.digest])).toEqual([
      ["token-1", digest(`${tokenA}0`)],
      ["token-2", digest(tokenB)],
      ["token-3", digest(tokenC)],
    ]);
  });

  it("A8.53 overwrites optional fields, also with empty values", async () => {
    const place = workplace();
    await place.apply(tokens(tokenItem("a", tokenA, "organization: Org 1, application: App 1")));
    await place.apply(tokens(tokenItem("a", tokenA, "organization: Org 2, administration: Adm 2")));
    expect(await rows(place)).toMatchObject([{ organization: "Org 2", application: "", administration: "Adm 2" }]);
  });

  it.each([
    ["A8.54 an address that is none", tokenItem("token-1", tokenA).replace("token-1@example.nl", "invalid")],
    ["A8.55 a value with spaces", tokenItem("token-1", `"${tokenA} ${tokenA}"`)],
    ["A8.56 an identifier with spaces", tokenItem("token 1", tokenA)],
  ])("refuses %s and leaves the database as it is, for the other item too", async (_what, item) => {
    const place = workplace();
    await place.apply(tokens(tokenItem("token-0", tokenC)));
    const contents = await place.contents();
    const run = await place.apply(tokens(item, tokenItem("token-2", tokenB)));
    expect(run.status).toBe(3);
    expect(run.diagnostics.every((problem) => problem.startsWith("error INVALID_VALUE 4:"))).toBe(true);
    expect(await place.contents()).toBe(contents);
    expect((await rows(place)).map(({ identifier }) => identifier)).toEqual(["token-0"]);
  });

  it("A8.57 gives the same two rows the second time, with the same ids and times", async () => {
    const place = workplace();
    const yaml = tokens(tokenItem("token-1", tokenA), tokenItem("token-2", tokenB));
    const everything = async () =>
      (await place.open()).kysely.selectFrom("api_tokens").selectAll().orderBy("identifier").execute();
    await place.apply(yaml);
    const before = await everything();
    expect(before).toHaveLength(2);
    await place.apply(yaml);
    expect(await everything()).toEqual(before);
  });

  it("A8.58 rejects white space anywhere in a value, and accepts test123 with a warning", async () => {
    for (const written of ['" x"', '"x "', '"x\\ty"', '"\\t"', '" "', '""', '"x\\n"']) {
      const run = await workplace().apply(tokens(tokenItem("a", written)));
      expect(run, written).toMatchObject({ status: 3, diagnostics: ["error INVALID_VALUE 4:30"] });
    }
    const run = await workplace().apply(tokens(tokenItem("a", "test123")));
    expect(run).toMatchObject({ status: 0, diagnostics: ["warning WEAK_TOKEN 4:30"] });
  });
});

describe("the Objects API's tokens (A9)", () => {
  it("A9.60 creates tokens with two, one and no permissions, the last one a superuser's", async () => {
    const place = workplace();
    const two = `permissions: [${objectType(uuid, "read_only")}, ${objectType(otherUuid, "read_and_write")}]`;
    const one = `permissions: [${objectType(uuid, "read_and_write")}]`;
    await place.apply(
      tokens(
        tokenItem("token-1", tokenA, two),
        tokenItem("token-2", tokenB, one),
        tokenItem("token-3", tokenC, "is_superuser: true"),
      ),
    );
    expect(await permissions(place)).toEqual({
      "token-1": [`objecttype.${uuid}.read_only`, `objecttype.${otherUuid}.read_and_write`].sort(),
      "token-2": [`objecttype.${uuid}.read_and_write`],
      "token-3": [],
    });
    const { kysely } = await place.open();
    expect(await kysely.selectFrom("users").select("username").where("is_superuser", "=", 1).execute()).toEqual([
      { username: "token-3" },
    ]);
  });

  it("A9.61 overwrites another value, contact and address of an existing token", async () => {
    const place = workplace();
    await place.apply(tokens(tokenItem("token-1", tokenA), tokenItem("token-2", tokenB)));
    const changed = tokenItem("token-2", tokenC).replace("Beheer", "Iemand").replace("token-2@", "iemand@");
    const run = await place.apply(tokens(tokenItem("token-1", tokenA), changed));
    expect(run.changes).toEqual(["update api_token token-2"]);
    expect(run.json.summary).toEqual({
      create: 0,
      update: 1,
      delete: 0,
      unchanged: 1,
      drift: 0,
      gains: 0,
      losses: 0,
    });
    expect((await rows(place))[1]).toMatchObject({
      digest: digest(tokenC),
      contact_person: "Iemand",
      email: "iemand@example.nl",
    });
  });

  it.each([
    ["A9.62 items that are null", "tokenauth_config_enable: true\ntokenauth:\n  items:\n", "WRONG_TYPE 3:9"],
    ["A9.63 an empty contact person", tokens(tokenItem("a", tokenA).replace("Beheer", '""')), "INVALID_VALUE 4:88"],
    ["A9.63 an empty token", tokens(tokenItem("a", '""')), "INVALID_VALUE 4:30"],
    ["A9.64 a missing token", tokens(tokenItem("a", "x").replace("token: x, ", "")), "MISSING_FIELD 4:7"],
    ["A9.66 an empty identifier", tokens(tokenItem('""', tokenA).replace('""@', "a@")), "INVALID_VALUE 4:20"],
    [
      "A9.70 another mode",
      tokens(tokenItem("a", tokenA, `permissions: [${objectType(uuid, "test")}]`)),
      "INVALID_VALUE 4:189",
    ],
  ])("rejects %s, and creates no database", async (_what, yaml, where) => {
    const place = workplace();
    const run = await place.apply(yaml);
    expect(run).toMatchObject({ status: 3, diagnostics: [`error ${where}`] });
    expect(await place.hasDatabase()).toBe(false);
  });

  // django-setup-configuration finds it while it writes, and rolls back; here it is found in the file.
  it("A9.65 rejects two items with the same value, at the second, and writes neither", async () => {
    const place = workplace();
    const run = await place.apply(tokens(tokenItem("token-1", tokenA), tokenItem("token-2", tokenA)));
    expect(run.status).toBe(3);
    expect(run.diagnostics).toEqual(["error DUPLICATE_SECRET 5:36"]);
    expect(await place.hasDatabase()).toBe(false);
  });

  it("A9.67 accepts an empty list, which creates and deletes nothing", async () => {
    const place = workplace();
    expect(await place.apply(tokens())).toMatchObject({ status: 0, changes: [] });
    await place.apply(tokens(tokenItem("a", tokenA)));
    expect(await place.apply(tokens())).toMatchObject({ status: 0, json: { outcome: "unchanged" } });
    expect(await rows(place)).toHaveLength(1);
  });

  // The Objects API only adds; here a permission that is no longer in the file is removed.
  it("A9.68 changes a permission's mode and adds one", async () => {
    const place = workplace();
    const first = `permissions: [${objectType(uuid, "read_and_write")}]`;
    const second = `permissions: [${objectType(uuid, "read_only")}, ${objectType(otherUuid, "read_only")}]`;
    await place.apply(tokens(tokenItem("a", tokenA, first)));
    const run = await place.apply(tokens(tokenItem("a", tokenA, second)));
    expect(run.changes).toEqual(["update api_token a"]);
    const expected = [`objecttype.${uuid}.read_only`, `objecttype.${otherUuid}.read_only`].sort();
    expect(await permissions(place)).toEqual({ a: expected });
  });

  // Object types belong to another program, so which ones exist is not known here: any valid UUID is accepted.
  it("A9.69 accepts the UUID of an object type that it does not know, and rejects what is not a UUID", async () => {
    const place = workplace();
    const unknown = "69feca90-6c3d-4628-ace8-19e4b0ae4065";
    const run = await place.apply(tokens(tokenItem("a", tokenA, `permissions: [${objectType(unknown, "read_only")}]`)));
    expect(run.status).toBe(0);
    expect(await permissions(place)).toEqual({ a: [`objecttype.${unknown}.read_only`] });
    const wrong = await workplace().apply(
      tokens(tokenItem("a", tokenA, `permissions: [${objectType("foobar", "read_only")}]`)),
    );
    expect(wrong.status).toBe(3);
  });

  // They belong to the Objects API, which keeps them.
  it("A9.71 leaves object types alone, with a warning, also where one is wrong", async () => {
    const place = workplace();
    const types = "objecttypes_config_enable: true\nobjecttypes:\n  items: [{uuid: foobar, name: X}]\n";
    const run = await place.apply(types + tokens(tokenItem("a", tokenA)));
    expect(run).toMatchObject({
      status: 0,
      changes: ["create api_token a"],
      diagnostics: ["warning UNKNOWN_ROOT_KEY 1:1", "warning UNKNOWN_ROOT_KEY 2:1"],
    });
  });
});
