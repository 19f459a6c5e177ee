import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, inject, it } from "vitest";
import { claimedAccess } from "../../src/access/claimed-access.js";
import { hasPermission } from "../../src/access/effective.js";
import type { AccessFacts } from "../../src/access/facts.js";
import { rightsOfToken, rightsOfUser } from "../../src/access/listing.js";
import { readAccessFacts } from "../../src/access/read-facts.js";
import { explainAccess, type WhyPrincipal } from "../../src/access/why.js";
import { apply } from "../../src/apply/apply.js";
import { answerHeader } from "../../src/report/explained-header.js";
import { Secret } from "../../src/secrets/secret.js";
import { generateToken } from "../../src/secrets/token.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import type { VerifierEvent } from "../../src/verifier/event.js";
import { type ExplainedHeader, explainHeader } from "../../src/verifier/explain.js";
import type { Authorization } from "../../src/verifier/verifier.js";
import { noticeChange, sealingEnv } from "../support/databases.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { configurationOf, openForTest, resource, runOptions } from "../support/run.js";
import { clientOf, clientSecret, providerOf, usualOptions } from "./bearer/world.js";
import { token, user } from "./verifier-world.js";

const issuer = "https://idp.example";
const permissions = ["taken.view", "taken.add", "taken.other"];
const past = "2020-01-01T00:00:00.000Z";
const future = "2099-01-01T00:00:00.000Z";
const valueOfToken = (name: string): string => name.padEnd(40, "x7Kq2");

const tokens = {
  plain: {},
  narrowed: { user: "jan", permissions: ["taken.view"] },
  all: { user: "jan", permissions: null },
  boss: { is_superuser: true, permissions: [] },
  expired: { expires_at: past },
  later: { valid_from: future },
  off: { enabled: false },
  inactive: { user: "piet", permissions: null },
  revoked: {},
  disabled: {},
} as const;
const names = Object.keys(tokens);
const generated = generateToken().reveal();

/** A database in which tokens and users are in every state. */
async function makeDatabase() {
  const url = await migratedDatabase();
  await apply(
    configurationOf(
      resource("group", "lezers", { permissions: ["taken.view"] }),
      resource("group", "beheer", { permissions: ["taken.add"] }),
      user("jan", { email: "", permissions: ["taken.add"], groups: ["lezers"] }),
      user("piet", { email: "", is_active: false, permissions: ["taken.view"] }),
      user("root", { is_superuser: true, password: new Secret("a-long-password-of-root") }),
      ...Object.entries(tokens).map(([name, more]) =>
        token(name, valueOfToken(name), { permissions: ["taken.view"], ...more }),
      ),
      token("generated", generated),
      providerOf({ issuer }),
      clientOf({
        sign_algo: "HS256",
        options: {
          ...usualOptions,
          groups_settings: {
            ...usualOptions.groups_settings,
            superuser_group_names: ["superusers"],
            default_groups: ["lezers"],
          },
        },
      }),
    ),
    runOptions(url),
  );
  const { kysely } = await openForTest(url);
  const row = await kysely
    .selectFrom("api_tokens")
    .select("digest")
    .where("identifier", "=", "revoked")
    .executeTakeFirstOrThrow();
  const revoked = { identifier: "revoked", revoked_at: past, revoked_by: "test", reason: "leaked" };
  await kysely
    .insertInto("api_token_revoked")
    .values({ digest: row.digest, ...revoked })
    .execute();
  await kysely.updateTable("api_tokens").set({ disabled_at: past }).where("identifier", "=", "disabled").execute();
  await noticeChange();
  return { url, kysely };
}

const text = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const seconds = Math.floor(Date.now() / 1000);

const jwtParts = fc.record(
  {
    alg: fc.constantFrom("HS256", "HS256", "HS256", "HS256", "HS384", "RS256", "none"),
    typ: fc.constantFrom("at+jwt", "at+jwt", "JWT", "dpop+jwt"),
    kid: fc.constantFrom("k1", "k2"),
    iss: fc.constantFrom(issuer, issuer, issuer, issuer, "https://elsewhere.example", 7),
    aud: fc.constantFrom("api", "api", "api", ["api", "other"], "other", 7),
    sub: fc.constantFrom("jan", "jan", "piet", "els", "kees", "root", "J\u0430n", "plain", "", "client:x", 7),
    exp: fc.constantFrom(seconds + 3600, seconds + 3600, seconds + 3600, seconds - 3600, "soon"),
    nbf: fc.constantFrom(seconds - 60, seconds - 60, seconds + 3600),
    iat: fc.constantFrom(seconds - 60, seconds - 30, seconds + 3600),
    groups: fc.oneof(fc.subarray(["lezers", "beheer", "superusers", "new"]), fc.constantFrom("beheer", 7)),
    email: fc.constantFrom("a@example.nl", 7),
    scope: fc.constantFrom("openid", 7),
    client_id: fc.constantFrom("other", "jan"),
    nonce: fc.constant("n"),
    at_hash: fc.constant("h"),
    cnf: fc.constant({ jkt: "x" }),
    isSigned: fc.constantFrom(true, true, true, true, false),
  },
  { requiredKeys: ["alg", "sub", "exp", "iss", "aud", "isSigned"] },
);

/** Most of what can be wrong with one is rare, so that most tokens get far. */
const jwts = fc
  .tuple(jwtParts, fc.subarray(["nonce", "at_hash", "cnf", "email", "nbf", "client_id"], { maxLength: 1 }), fc.nat(3))
  .map(([{ alg, typ = "at+jwt", kid, isSigned, ...all }, rare, luck]) => {
    const { nonce, at_hash, cnf, email, nbf, client_id, ...claims } = all;
    const picked = { nonce, at_hash, cnf, email, nbf, client_id };
    const some =
      luck > 0
        ? {}
        : Object.fromEntries(
            Object.entries(picked).filter(([name, value]) => rare.includes(name) && value !== undefined),
          );
    const signed = `${text({ alg, typ, ...(kid && { kid }) })}.${text({ ...claims, ...some })}`;
    const signature = createHmac("sha256", isSigned ? clientSecret : "another")
      .update(signed)
      .digest("base64url");
    return `${signed}.${signature}`;
  });

const apiTokens = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...names.map(valueOfToken), generated) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(valueOfToken("unknown"), `${generated.slice(0, -1)}-`, `${generated.slice(0, -1)}_`),
  },
  { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 40 }) },
);

const headers: fc.Arbitrary<Authorization> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.constantFrom("Token", "token", "TOKEN", " Token "), apiTokens)
      .map(([scheme, value]) => `${scheme} ${value}`),
  },
  { weight: 6, arbitrary: jwts.map((jwt) => `Bearer ${jwt}`) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom("Token", "Bearer"), fc.oneof(apiTokens, jwts))
      .map(([scheme, value]) => `${scheme} ${value}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Authorization>(
      "",
      "Basic amFuOmphbg==",
      "Token",
      "Bearer ",
      "Token a b",
      `Token ${"x".repeat(300)}`,
      `Bearer ${"x".repeat(20_000)}`,
      [`Token ${valueOfToken("plain")}`],
      [`Token ${valueOfToken("plain")}`, `Token ${valueOfToken("plain")}`],
      [],
      undefined,
    ),
  },
);

function principalOf(facts: AccessFacts, { end }: ExplainedHeader): WhyPrincipal | undefined {
  if (end.kind !== "authenticated") return undefined;
  const { scheme, credential, user: of } = end.principal;
  if (scheme === "token") {
    const found = [...facts.tokens.values()].find(({ identifier }) => identifier === credential);
    return found && { kind: "token", token: found };
  }
  const found = facts.users.get(of.id);
  return found && { kind: "user", user: found };
}

describe("an explanation of a header", () => {
  it("agrees with the verifier about 1,000 random headers (300 on a server) and permissions, and writes nothing", {
    timeout: 900_000,
  }, async () => {
    const { url, kysely } = await makeDatabase();
    const env = sealingEnv();
    const events: VerifierEvent[] = [];
    const verifier = await createVerifier({ database: url, env, onEvent: (event) => void events.push(event) });
    const seen = new Set<string>();
    const state = async () => [
      await kysely.selectFrom("setup_state").select("revision").execute(),
      await kysely
        .selectFrom("users")
        .select(({ fn }) => fn.countAll().as("count"))
        .execute(),
      await kysely.selectFrom("seen_tokens").select("token").execute(),
      await kysely.selectFrom("applied_claims").selectAll().execute(),
    ];
    const check = async (header: Authorization, permission: string) => {
      const before = await state();
      const explained = await explainHeader(header, { database: url, env, isOffline: false, source: undefined });
      expect(await state()).toEqual(before);
      const facts = await readAccessFacts(kysely);
      const { end } = explained;
      const client = [...facts.clients.values()].find(
        ({ identifier }) => end.kind === "unwritten" && identifier === end.client,
      );
      const claimed =
        end.kind === "unwritten" && client ? await claimedAccess(facts, client, end.claims, end.identity) : undefined;
      const answer = answerHeader(explained, claimed);
      // Nothing of it is a credential, nor a part of one.
      const shown = JSON.stringify([explained, answer]);
      for (const part of [header ?? []].flat().flatMap((value) => value.split(/[ .]/))) {
        if (part.length >= 16) expect(shown).not.toContain(part);
      }
      // It may follow what the one before changed a turn, or a second, later.
      await noticeChange();
      events.length = 0;
      const outcome = await verifier.authenticate(header);
      const verdict =
        outcome.kind === "authenticated"
          ? "accepted"
          : outcome.kind === "rejected" && outcome.problem.status === 503
            ? "unknown"
            : "refused";
      const [event] = events.filter(({ kind }) => kind === "rejected" || kind === "unavailable");
      const reason = event && "reason" in event ? event.reason : undefined;
      expect([answer.verdict, answer.reason]).toEqual([verdict, reason]);
      expect(answer.status).toBe(outcome.kind === "authenticated" ? undefined : outcome.problem.status);
      const failed = answer.rows.filter(({ isPassed }) => !isPassed);
      expect(failed.length).toBe(outcome.kind === "authenticated" ? 0 : 1);
      for (const { fix } of failed) expect(fix).toMatch(/^\S.+$/);
      seen.add(reason ?? outcome.kind);
      if (outcome.kind !== "authenticated") return;
      const principal = claimed ? ({ kind: "claims", claimed } as const) : principalOf(facts, explained);
      if (!principal) throw new Error("nobody was explained");
      const { isAllowed } = explainAccess(facts, principal, permission, Date.now());
      expect(isAllowed).toBe(outcome.principal.hasPermission(permission));
      if (principal.kind === "claims") return;
      const { access } =
        principal.kind === "token"
          ? rightsOfToken(facts, principal.token, Date.now())
          : rightsOfUser(facts, principal.user, Date.now());
      expect(hasPermission(access, permission)).toBe(isAllowed);
    };
    const property = fc.asyncProperty(headers, fc.constantFrom(...permissions), check);
    await fc.assert(property, { numRuns: inject("dialect") === "sqlite" ? 1000 : 300 }).finally(() => verifier.close());
    // Otherwise, it would be about the same few cases.
    expect(seen.size).toBeGreaterThan(15);
  });
});
