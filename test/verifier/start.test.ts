import { describe, expect, inject, it, onTestFinished, vi } from "vitest";
import { loadSqliteDriver } from "../../src/database/sqlite/driver.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { sealingEnv, temporaryDatabase } from "../support/databases.js";
import { startPostgresProxy } from "../support/postgres-proxy.js";
import { makeWorld, token, user } from "./verifier-world.js";

/** What a file can say any number of. */
const growing = /\b(?:api_token\w*|users|user_groups|user_permissions|groups|group_permissions|login_\w+)\b/;

/** A database with so many tokens, each with a user of its own, and the statements that are sent to it from now on. */
async function overhear(count: number) {
  const proxy = inject("dialect") === "postgres" ? await startPostgresProxy() : undefined;
  const url = proxy?.through(temporaryDatabase()) ?? temporaryDatabase();
  const tokenAt = (index: number) => index.toString(16).padStart(40, "0");
  const resources = Array.from({ length: count }, (_, index) => [
    user(`jan-${index}`, { permissions: ["taken.view_externetaak"] }),
    token(`app-${index}`, tokenAt(index), { user: `jan-${index}`, permissions: null }),
  ]);
  await makeWorld(resources.flat(), { url });
  if (proxy) {
    const begun = proxy.asked().length;
    const texts = () =>
      proxy.asked().flatMap((one, index) => (index >= begun && one.kind !== "executed" ? one.text : []));
    return { url, tokenAt, texts };
  }
  const prepare = vi.spyOn(loadSqliteDriver().prototype, "prepare");
  onTestFinished(() => prepare.mockRestore());
  const begun = prepare.mock.calls.length;
  const texts = () => prepare.mock.calls.slice(begun).map(([text]) => String(text));
  return { url, tokenAt, texts };
}

async function startOf(url: string) {
  const verifier = await createVerifier({ database: url, env: sealingEnv() });
  onTestFinished(() => verifier.close());
  return verifier;
}

describe("what a verifier reads", () => {
  it("at its start is the same for 2 tokens and for 200, and from no table that grows with them", async () => {
    const started: (readonly string[])[] = [];
    for (const count of [2, 200]) {
      const { url, texts } = await overhear(count);
      await startOf(url);
      started.push(texts().filter((text) => !/^(?:SET|BEGIN|COMMIT)/i.test(text)));
    }
    const [few, many] = started;
    expect(few).not.toEqual([]);
    expect(many).toEqual(few);
    expect(many?.filter((text) => growing.test(text))).toEqual([]);
  });

  it("for a token are rows found by an index", async () => {
    const { url, tokenAt, texts } = await overhear(3);
    const verifier = await startOf(url);
    const begun = texts().length;
    expect(await verifier.authenticate(`Token ${tokenAt(1)}`)).toMatchObject({ kind: "authenticated" });
    // A replaced and a revoked one are looked for as well.
    expect(await verifier.authenticate(`Token ${"f".repeat(40)}`)).toMatchObject({ kind: "rejected" });
    const looked = texts()
      .slice(begun)
      .filter((text) => growing.test(text));
    expect(looked.length).toBeGreaterThanOrEqual(3);
    if (inject("dialect") === "postgres") return;
    const sqlite = new (loadSqliteDriver())(url.slice("sqlite:".length), { readonly: true });
    onTestFinished(() => void sqlite.close());
    for (const text of looked) {
      const plan = sqlite.prepare<[string], { detail: string }>(`EXPLAIN QUERY PLAN ${text}`).all("");
      expect(plan.map(({ detail }) => detail).filter((detail) => detail.startsWith("SCAN"))).toEqual([]);
    }
  });
});
