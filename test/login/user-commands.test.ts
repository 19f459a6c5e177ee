import { beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../support/cli.js";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { openBrowser } from "./browser.js";
import { localUser, makeWorld, password, type World } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

const first = "het noodwachtwoord 4711";
const second = "een heel ander woord 0815";
const accounts = [localUser("nood", password(first)), localUser("reserve", password(first))];

/** Runs a command for users on a world's database. */
async function command(world: World, args: readonly string[], input?: string) {
  const { status, stdout, stderr } = await runCli(
    ["user", ...args, "--database", world.url, "--output", "json"],
    input === undefined ? {} : { input },
  );
  return { status, stderr, json: JSON.parse(stdout) };
}

const tryPassword = (world: World, username: string, text: string) =>
  world.login.signInWithPassword({ username, password: text, next: "/" }, undefined);

async function signedIn(world: World, username: string) {
  const outcome = await tryPassword(world, username, first);
  expect(outcome.kind).toBe("signed_in");
  const browser = openBrowser();
  browser.take(outcome.cookies);
  return () => world.login.session(browser.header());
}

describe("user end-sessions", () => {
  it("ends a user's sessions at a login that runs all the while, says what it can't end, and then has nothing to do", async () => {
    const world = await makeWorld(key, { resources: accounts });
    const [nood, reserve] = [await signedIn(world, "nood"), await signedIn(world, "reserve")];
    expect(await command(world, ["end-sessions", "nood"])).toMatchObject({
      status: 0,
      json: {
        outcome: "applied",
        changes: [{ kind: "user", key: "nood", fields: [{ name: "sessions", before: 1, after: 0 }] }],
        diagnostics: [{ severity: "note", code: "BEARER_TOKENS_STAY" }],
      },
    });
    expect([await nood(), await reserve()]).toMatchObject([
      undefined,
      { principal: { user: { username: "reserve" } } },
    ]);
    const again = await command(world, ["end-sessions", "nood"]);
    expect(again.json).toMatchObject({ outcome: "unchanged", diagnostics: [] });
    // The password still works.
    await signedIn(world, "nood");
  });

  it("ends everybody's with --all, and needs that or names", async () => {
    const world = await makeWorld(key, { resources: accounts });
    const [nood, reserve] = [await signedIn(world, "nood"), await signedIn(world, "reserve")];
    const { json } = await command(world, ["end-sessions", "--all"]);
    expect(json.changes.map((change: { readonly key: string }) => change.key)).toEqual(["nood", "reserve"]);
    expect([await nood(), await reserve()]).toEqual([undefined, undefined]);
    expect((await command(world, ["end-sessions"])).status).toBe(64);
    expect((await command(world, ["end-sessions", "nood", "--all"])).status).toBe(64);
  });
});

describe("user deactivate", () => {
  it("ends sessions, and refuses a sign-in with a password and through the provider until the user is activated", async () => {
    const world = await makeWorld(key, { resources: accounts });
    const session = await signedIn(world, "nood");
    await world.signIn();
    await command(world, ["deactivate", "nood", "jan@example.nl"]);
    expect(await session()).toBeUndefined();
    expect((await tryPassword(world, "nood", first)).kind).toBe("refused");
    expect((await world.signIn()).kind).toBe("refused");
    expect(world.reasons().slice(-2)).toEqual(["inactive_user", "inactive_user"]);
    await command(world, ["activate", "nood", "jan@example.nl"]);
    expect(await session()).toBeUndefined();
    await signedIn(world, "nood");
    expect((await world.signIn()).kind).toBe("signed_in");
  });
});

describe("user unlink", () => {
  it("takes the link, what claims gave and the sessions away, and says that the next sign-in links by name", async () => {
    const world = await makeWorld(key);
    const browser = openBrowser();
    world.provider.person = { ...world.provider.person, groups: ["lezers"] };
    await world.signIn(browser);
    const { kysely } = world.database;
    const state = async () => ({
      user: await kysely.selectFrom("users").select(["issuer", "subject", "is_superuser"]).executeTakeFirstOrThrow(),
      groups: (await kysely.selectFrom("user_groups").select("origin").execute()).length,
      claims: (await kysely.selectFrom("applied_claims").select("user_id").execute()).length,
    });
    expect(await state()).toMatchObject({ user: { subject: expect.any(String) }, groups: 1, claims: 1 });
    await kysely.updateTable("users").set({ is_superuser: 1, claim_superuser: 1, is_staff: 0 }).execute();
    const { json } = await command(world, ["unlink", "jan@example.nl"]);
    expect(json).toMatchObject({ outcome: "applied", diagnostics: [{ severity: "note", code: "LINKS_AGAIN" }] });
    expect(json.changes[0].fields).toEqual([
      { name: "issuer", sensitive: true },
      { name: "subject", sensitive: true },
      { name: "is_superuser", before: true, after: false },
      { name: "claim_groups", before: ["lezers"], after: [] },
      { name: "sessions", before: 1, after: 0 },
    ]);
    expect(await state()).toEqual({ user: { issuer: null, subject: null, is_superuser: 0 }, groups: 0, claims: 0 });
    expect(await world.login.session(browser.header())).toBeUndefined();
    expect((await command(world, ["unlink", "jan@example.nl"])).json).toMatchObject({ outcome: "unchanged" });
  });

  it("says so of a file's subject too, and not of a superuser that no sign-in links", async () => {
    const signIn = { sign_in_provider: "idp", sign_in_subject: "s9" };
    const world = await makeWorld(key, { resources: [localUser("els", signIn), localUser("nood", password(first))] });
    await world.database.kysely
      .updateTable("users")
      .set((eb) => ({ issuer: "https://elsewhere.example", subject: eb.ref("username") }))
      .execute();
    const { json } = await command(world, ["unlink", "els", "nood"]);
    expect(json.diagnostics).toMatchObject([{ code: "LINKS_AGAIN", message: expect.stringContaining("the user els") }]);
    expect(json.diagnostics[0].message).toContain("the subject that its file's `sign_in` names");
  });
});

describe("user set-password", () => {
  it("replaces a password that a file gave, ends the sessions, and stays when the file is applied again", async () => {
    const world = await makeWorld(key, { resources: accounts });
    const session = await signedIn(world, "nood");
    const set = await command(world, ["set-password", "nood", "--password-stdin"], `${second}\n`);
    expect(set).toMatchObject({ status: 0, json: { outcome: "applied", diagnostics: [] } });
    expect(set.json.changes[0].fields).toEqual([
      { name: "password", sensitive: true },
      { name: "sessions", before: 1, after: 0 },
    ]);
    expect(await session()).toBeUndefined();
    await world.apply(...accounts);
    expect((await tryPassword(world, "nood", first)).kind).toBe("refused");
    expect((await tryPassword(world, "nood", second)).kind).toBe("signed_in");
    const journal = JSON.stringify(await world.database.kysely.selectFrom("run_changes").selectAll().execute());
    expect(journal + JSON.stringify(set)).not.toContain(second);
  });

  it("is refused for whom the provider signs in, and works once they are unlinked", async () => {
    const world = await makeWorld(key);
    await world.signIn();
    const set = () => command(world, ["set-password", "jan@example.nl", "--password-stdin"], second);
    expect((await set()).json).toMatchObject({ outcome: "failed", diagnostics: [{ code: "USER_OF_PROVIDER" }] });
    await command(world, ["unlink", "jan@example.nl"]);
    expect((await set()).json).toMatchObject({ outcome: "applied" });
    expect((await tryPassword(world, "jan@example.nl", second)).kind).toBe("signed_in");
  });
});
