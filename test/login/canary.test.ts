import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { inspect } from "node:util";
import { beforeAll, expect, it, onTestFinished } from "vitest";
import { channelName } from "../../src/login/event.js";
import { Secret } from "../../src/secrets/secret.js";
import { createCanaries } from "../support/canaries.js";
import { writtenIn } from "../support/databases.js";
import { json, makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { openBrowser } from "./browser.js";
import { callbackIn, withError, withQuery } from "./callbacks.js";
import { adminClient, localUser, makeWorld, password, settingsOf } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

/** What a log needs to diagnose a wrong configuration: names of programs and keys, not of people. */
const namesOfTokens = ["audience", "iss", "kid"];

it("S89 F58: no secret, code, token or state is in an event, a page, the journal or the database; no claim about a person in an event or a page", async () => {
  const canaries = createCanaries();
  const published: unknown[] = [];
  const listen = (event: unknown) => void published.push(event);
  subscribe(channelName, listen);
  onTestFinished(() => void unsubscribe(channelName, listen));

  const user = { claim_mappings: { username: ["bsn"], email: ["email"] }, sensitive_claims: [["bsn"]] };
  const world = await makeWorld(key, {
    client: { ...settingsOf(user), client_secret: new Secret(canaries.make("client-secret")) },
    resources: [localUser("nood", password(canaries.make("password")))],
    login: { sessionSecret: canaries.make("session-secret") },
  });
  const pages: unknown[] = [];
  const claims = { sub: canaries.make("subject"), bsn: canaries.make("bsn"), email: canaries.make("email") };
  const usual = () => Object.assign(world.provider, { person: claims, idClaims: {}, idHeader: {}, onToken: undefined });
  const remember = (callback: string) => {
    const query = new URLSearchParams(callback.split("?")[1]);
    canaries.add(`state-${pages.length}`, query.get("state") ?? "");
    canaries.add(`code-${pages.length}`, query.get("code") ?? "");
    return callback;
  };
  const logIn = async (change: (callback: string) => string = (callback) => callback): Promise<void> => {
    const browser = openBrowser();
    const callback = remember(await callbackIn(world, browser));
    const outcome = await world.end(browser, change(callback));
    canaries.add(`cookie-${pages.length}`, browser.header()?.split("=")[1] ?? "no-cookie-at-all");
    // The cookies and the principal are the user's own.
    pages.push(outcome.kind === "refused" ? { ...outcome, cookies: [] } : outcome.kind);
  };

  usual();
  await logIn();
  for (const claim of [
    { nonce: canaries.make("nonce") },
    { aud: canaries.make("audience") },
    { iss: canaries.make("iss") },
  ]) {
    world.provider.idClaims = claim;
    await logIn();
  }
  usual();
  world.provider.idHeader = { kid: canaries.make("kid") };
  await logIn();
  usual();
  world.provider.person = { ...claims, bsn: [canaries.make("odd-username")] };
  await logIn();
  world.provider.person = { ...claims, sub: canaries.make("other-subject") };
  await logIn();
  usual();
  for (const said of [
    { error: "invalid_grant", error_description: canaries.make("token-error") },
    // What it was sent, sent back.
    { error: "invalid_client", echoes: true },
    { error: canaries.make("token-error-code") },
    { access_token: canaries.make("access-token"), token_type: canaries.make("token-type"), id_token: "a.b.c" },
    { access_token: 1, token_type: "bearer", id_token: canaries.make("id-token") },
  ]) {
    world.provider.onToken = (response, { form }) => {
      canaries.add(`verifier-${pages.length}`, form.get("code_verifier") ?? "");
      const reported = "echoes" in said ? { ...said, error_description: [...form.values()].join(" ") } : said;
      json(response, reported, "error" in said ? 400 : 200);
    };
    await logIn();
  }
  world.provider.onToken = (response) => void response.writeHead(302, { location: "https://x.example/" }).end();
  await logIn();
  usual();
  const description = { error_description: canaries.make("description") };
  await logIn((callback) => withError(callback, canaries.make("error-code"), description));
  await logIn((callback) => withQuery(callback, (query) => query.set("iss", canaries.make("callback-iss"))));
  await logIn((callback) => withQuery(callback, (query) => query.set("state", canaries.make("forged-state"))));
  await logIn((callback) => withQuery(callback, (query) => query.set("code", canaries.make("forged-code"))));
  for (const name of ["nood", "niemand"]) {
    const text = canaries.make(`tried-${name}`);
    const page = await world.login.signInWithPassword({ username: name, password: text }, undefined);
    pages.push(page);
  }
  await world.apply(adminClient({ sign_key: new Secret(canaries.make("sign-key")) }));
  pages.push(await world.login.start());

  const codes = pages.flatMap((page) => /"code":"(\w+)"/.exec(JSON.stringify(page))?.[1] ?? []);
  expect(new Set(codes).size).toBeGreaterThan(7);
  expect(world.events.length).toBeGreaterThan(20);
  expect(published).toEqual(world.events);
  const reported = inspect([world.events, pages], { depth: null, maxStringLength: null, showHidden: true });
  expect(canaries.foundIn(reported)).toEqual(namesOfTokens);
  expect(canaries.foundIn(JSON.stringify(world.events))).toEqual(namesOfTokens);
  expect(canaries.foundIn(JSON.stringify(pages))).toEqual([]);
  const journal = await world.database.kysely
    .selectFrom("run_changes")
    .innerJoin("runs", "runs.id", "run_changes.run_id")
    .selectAll()
    .execute();
  // A username is what an account is found by, also in the journal.
  expect(canaries.foundIn(JSON.stringify(journal))).toEqual(["bsn"]);
  const secrets = canaries.foundIn(await writtenIn(world.url)).filter((name) => !/^(?:subject|bsn|email)$/.test(name));
  expect(secrets).toEqual([]);
});
