import { createHmac, randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import pg from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import type { VerifierEvent } from "../../src/verifier/event.js";
import { sealingEnv, temporaryDatabase } from "../support/databases.js";
import { configurationOf, openForTest, runOptions } from "../support/run.js";
import { encode } from "./bearer/issuer.js";
import { clientOf, clientSecret, goodClaims, providerOf } from "./bearer/world.js";
import { otherValue, principalIn, token, tokenValue } from "./verifier-world.js";

const idp = { issuer: "https://idp.example" };
/** Longer than uses are collected for. */
const writtenMs = 1500;

/** A person's bearer token, signed with the client's secret. */
function bearer(sub: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { ...goodClaims(idp), sub, iat: now, nbf: now, exp: now + 300 };
  const signed = `${encode({ alg: "HS256", typ: "at+jwt" })}.${encode(claims)}`;
  return `Bearer ${signed}.${createHmac("sha256", clientSecret).update(signed).digest("base64url")}`;
}

/** The same database, for a new role with these rights in its schema. */
async function asRole(url: string, rights: readonly string[]): Promise<string> {
  const role = `role_${randomUUID().replaceAll("-", "")}`;
  const client = new pg.Client(url);
  await client.connect();
  onTestFinished(async () => {
    await client.query(`drop owned by ${role}; drop role ${role}`);
    await client.end();
  });
  const { rows } = await client.query("select current_schema() as name");
  const schema = String(rows[0].name);
  await client.query(`create role ${role} login password 'only-for-tests'; grant usage on schema ${schema} to ${role}`);
  for (const right of rights) await client.query(`grant ${right.replace("SCHEMA", schema)} to ${role}`);
  const roleUrl = new URL(url);
  roleUrl.username = role;
  return roleUrl.href;
}

async function makeVerifierOf(rights: readonly string[]) {
  const url = temporaryDatabase();
  const resources = [token("a", tokenValue), token("b", otherValue), providerOf(idp), clientOf({ sign_algo: "HS256" })];
  await apply(configurationOf(...resources), runOptions(url));
  const events: VerifierEvent[] = [];
  const database = await asRole(url, rights);
  const verifier = await createVerifier({ database, env: sealingEnv(), onEvent: (event) => events.push(event) });
  onTestFinished(() => verifier.close());
  return { url, database, verifier, events };
}

const reading = "select on all tables in schema SCHEMA";

describe("S95 a verifier whose role may only read", () => {
  it("accepts tokens, and says once that their use cannot be recorded", async () => {
    const { verifier, events } = await makeVerifierOf([reading]);
    principalIn(await verifier.authenticate(`Token ${tokenValue}`));
    await setTimeout(writtenMs);
    principalIn(await verifier.authenticate(`Token ${otherValue}`));
    await setTimeout(writtenMs);
    expect(events).toMatchObject([
      {
        kind: "last_used_failed",
        tokens: 1,
        error: { reason: "refused", diagnostics: [{ code: "DATABASE_REFUSED" }] },
      },
    ]);
  });

  it("answers 503 to a person whose user would have to be written, and still accepts tokens", async () => {
    const { verifier, events } = await makeVerifierOf([reading]);
    expect(await verifier.authorize(bearer("u-1"))).toMatchObject({ kind: "refused", problem: { status: 503 } });
    expect(events).toMatchObject([{ kind: "unavailable", error: { reason: "refused" } }]);
    principalIn(await verifier.authenticate(`Token ${tokenValue}`));
  });

  it("says at the start that it may not read", async () => {
    await expect(makeVerifierOf([])).rejects.toThrow("[DATABASE_REFUSED]");
  });
});

describe("a verifier whose role may note when tokens were used", () => {
  it("notes it, and nothing else", async () => {
    const { verifier, events, url } = await makeVerifierOf([reading, "update (last_used_at) on api_tokens"]);
    principalIn(await verifier.authenticate(`Token ${tokenValue}`));
    await verifier.close();
    expect(events).toEqual([]);
    const { kysely } = await openForTest(url);
    const rows = await kysely
      .selectFrom("api_tokens")
      .select(["identifier", "last_used_at"])
      .orderBy("identifier")
      .execute();
    expect(rows.map((row) => row.last_used_at !== null)).toEqual([true, false]);
  });

  it("signs a person in when it may write users as well", async () => {
    const { verifier, url } = await makeVerifierOf([
      reading,
      "insert, update on setup_state",
      "insert, update on users",
      "insert, update on applied_claims",
      "insert on groups",
      "insert, delete on user_groups",
      "insert on runs, run_changes",
      "update on journal_head",
    ]);
    expect(principalIn(await verifier.authenticate(bearer("u-1"))).user.username).toBe("u-1");
    const again = principalIn(await verifier.authenticate(bearer("u-1")));
    expect(again.user.username).toBe("u-1");
    const { kysely } = await openForTest(url);
    const users = await kysely.selectFrom("users").select("id").where("username", "=", "u-1").execute();
    expect(users.length).toBe(1);
  });
});
