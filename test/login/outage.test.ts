import { beforeAll, describe, expect, it } from "vitest";
import { SetupError } from "../../src/errors.js";
import { createLogin } from "../../src/login/create-login.js";
import { unreachableDatabase } from "../support/databases.js";
import { temporaryDatabase } from "../support/run.js";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { openBrowser } from "./browser.js";
import { makeWorld, redirectUri, sessionSecret } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

describe("a login over a database that is not there", () => {
  it("says so when it is made, and when nothing was applied yet", async () => {
    for (const database of [await unreachableDatabase(), temporaryDatabase()]) {
      const failure = await createLogin({ database, redirectUri, sessionSecret }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(SetupError);
      expect(failure).toMatchObject({ reason: "unavailable" });
    }
  });

  it("throws from every function when the database is no longer one that it can use", async () => {
    const world = await makeWorld(key);
    const browser = openBrowser();
    await world.signIn(browser);
    const { login } = world;
    await world.database.kysely.schema.dropTable("setup_migrations").execute();
    // So that it looks again.
    await world.database.kysely.updateTable("setup_state").set({ revision: 9999 }).execute();
    await expect.poll(() => reasonOf(login.session(browser.header())), { timeout: 3000 }).toBe("unavailable");
    for (const failing of [
      login.start(),
      login.finish("/oidc/callback?state=a&code=b", browser.header()),
      login.signInWithPassword({ username: "a", password: "b" }, undefined),
      login.isEnabled(),
      login.logout(browser.header()),
    ]) {
      expect(await reasonOf(failing)).toBe("unavailable");
    }
  });
});

/** Why a promise rejects; undefined where it does not. */
async function reasonOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error instanceof SetupError ? error.reason : "another error";
  }
}
