import { beforeAll, describe, expect, it } from "vitest";
import type { Attributes, Resource } from "../../../src/plan/resource.js";
import { Secret } from "../../../src/secrets/secret.js";
import type { VerifierOptions } from "../../../src/verifier/create-verifier.js";
import { readDocument, tableUnder } from "../../docs/markdown.js";
import { makeWorld, problemIn, token, tokenValue, user } from "../verifier-world.js";
import { type Issuer, json, makeKey, signParts, startIssuer, type TestKey } from "./issuer.js";
import { clientOf, goodClaims, goodToken, providerOf, start, usualOptions } from "./world.js";

let key: TestKey;
let other: TestKey;
beforeAll(async () => {
  [key, other] = await Promise.all([makeKey("RS256", "key-1"), makeKey("RS256", "key-2")]);
});

interface Case {
  readonly reason: string;
  /** Of the client, and of its provider. */
  readonly client?: Attributes;
  readonly provider?: (idp: string) => Attributes;
  readonly resources?: readonly Resource[];
  readonly options?: Partial<VerifierOptions>;
  readonly claims?: object;
  readonly header?: object;
  /** Instead of a token of these. */
  readonly credential?: string | ((idp: Issuer) => string);
  /** What was sent before. */
  readonly before?: (idp: Issuer) => string;
  readonly prepare?: (idp: Issuer) => void;
}

const seconds = start / 1000;
const named = (more: Attributes = {}): Attributes => ({
  options: {
    user_settings: { ...usualOptions.user_settings, claim_mappings: { username: ["name"] }, ...more },
    groups_settings: usualOptions.groups_settings,
  },
});
const byName = { client: named() };
const jan = { claims: { name: "jan" } };
const asking = (idp: string) => ({ introspection_endpoint: `${idp}/introspect` });
const userinfo = { client: { userinfo_claims_source: "userinfo_endpoint" } };
const jwe = ["eyJhbGciOiJSU0EtT0FFUCJ9", "a2V5", "aXY", "dGV4dA", "dGFn"].join(".");
const opaque = "opaque-token-4f2a9b1c";
const noIat = { accessTokenType: "rfc9068" } as const;

const cases: readonly Case[] = [
  { reason: "no_credentials", credential: "" },
  { reason: "several_credentials", credential: "one two" },
  { reason: "too_long", credential: "x".repeat(20_000) },
  { reason: "malformed", credential: "eyJhbGciOiJSUzI1NiJ9.e30" },
  { reason: "malformed_header", credential: (idp) => signParts(key, { alg: 1 }, goodClaims(idp)) },
  { reason: "malformed_payload", credential: () => signParts(key, { alg: "RS256" }, "[]") },
  { reason: "unsupported_header", header: { crit: ["exp"] } },
  { reason: "encrypted_token", credential: jwe },
  { reason: "api_token", credential: tokenValue, provider: asking, resources: [token("forms", tokenValue)] },
  { reason: "no_introspection", credential: opaque },
  { reason: "wrong_type", header: { typ: "logout+jwt" } },
  { reason: "id_token", claims: { at_hash: "h" } },
  { reason: "id_token", claims: { scope: undefined }, header: { typ: "JWT" } },
  { reason: "claim_missing", options: noIat },
  { reason: "claim_malformed", claims: { scope: 7 } },
  { reason: "refresh_token", claims: { typ: "Refresh" } },
  { reason: "proof_of_possession", claims: { cnf: { jkt: "x" } } },
  { reason: "malformed_time", claims: { exp: "tomorrow" } },
  { reason: "expired", claims: { exp: seconds - 3600 } },
  { reason: "not_yet_valid", claims: { nbf: seconds + 600 } },
  { reason: "issued_in_future", claims: { iat: seconds + 600 } },
  { reason: "too_old", claims: { iat: seconds - 600 }, options: { maxTokenAgeSeconds: 300 } },
  { reason: "wrong_issuer", claims: { iss: undefined } },
  { reason: "unknown_issuer", claims: { iss: "https://other.example.nl" } },
  {
    reason: "weak_secret",
    client: { sign_algo: "HS256", client_secret: new Secret("short") },
    header: { alg: "HS256" },
  },
  { reason: "not_configured", options: { clients: [] } },
  { reason: "not_configured", client: { sign_algo: "none" } },
  { reason: "client_disabled", client: { enabled: false } },
  { reason: "wrong_algorithm", header: { alg: "RS512" } },
  { reason: "wrong_audience", claims: { aud: "account", azp: "front-end" } },
  { reason: "unknown_key", credential: (idp) => goodToken(idp, other) },
  { reason: "bad_signature", credential: (idp) => goodToken(idp, other, {}, { kid: "key-1" }) },
  { reason: "subject_invalid", claims: { sub: 7 } },
  { reason: "username_missing", ...byName },
  { reason: "username_invalid", ...byName, claims: { name: "jan\u200b" } },
  { reason: "email_unverified", client: named({ claim_mappings: { username: ["email"] } }) },
  {
    reason: "claim_invalid",
    client: named({ claim_mappings: { username: ["sub"], email: ["email"] } }),
    claims: { email: 7 },
  },
  { reason: "groups_overage", client: named({ claim_mappings: { username: ["sub"] } }), claims: { hasgroups: true } },
  { reason: "username_taken", ...byName, ...jan, before: (idp) => goodToken(idp, key, { sub: "u-2", name: "jan" }) },
  {
    reason: "username_ambiguous",
    client: named({ username_case_sensitive: false }),
    ...jan,
    resources: [user("Jan"), user("JAN")],
  },
  {
    reason: "username_confusable",
    ...byName,
    claims: { name: "j\u0430n" },
    resources: [user("jan", { is_superuser: true })],
  },
  { reason: "username_of_service", ...byName, claims: { name: "forms" }, resources: [token("forms", tokenValue)] },
  {
    reason: "username_of_emergency",
    ...byName,
    ...jan,
    resources: [user("jan", { is_superuser: true, password: new Secret("a-long-password-of-jan") })],
  },
  { reason: "sign_in_missing", ...byName, ...jan, resources: [user("jan", { is_superuser: true })] },
  {
    reason: "sign_in_of_another",
    ...byName,
    ...jan,
    resources: [user("jan", { is_superuser: true, sign_in_provider: "idp", sign_in_subject: "u-9" })],
  },
  { reason: "inactive_user", ...byName, ...jan, resources: [user("jan", { is_active: false })] },
  { reason: "unknown_user", ...byName, ...jan, options: { createUsers: false } },
  { reason: "token_inactive", credential: opaque, provider: asking, prepare: () => {} },
  {
    reason: "introspection_invalid",
    credential: opaque,
    provider: asking,
    prepare: (idp) => {
      idp.onIntrospection = (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>");
    },
  },
  {
    reason: "userinfo_refused",
    ...userinfo,
    prepare: (idp) => {
      const challenge = 'Bearer error="insufficient_scope", error_description="Missing openid scope"';
      idp.onUserinfo = (response) => void response.writeHead(403, { "www-authenticate": challenge }).end();
    },
  },
  {
    reason: "userinfo_invalid",
    ...userinfo,
    prepare: (idp) => {
      idp.onUserinfo = (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>");
    },
  },
  {
    reason: "userinfo_mismatch",
    ...userinfo,
    prepare: (idp) => {
      idp.onUserinfo = (response) => json(response, { sub: "u-2" });
    },
  },
  {
    reason: "keys_unavailable",
    prepare: (idp) => {
      idp.onKeys = (response) => void response.writeHead(404).end();
    },
  },
  {
    reason: "userinfo_unavailable",
    ...userinfo,
    prepare: (idp) => {
      idp.onUserinfo = (response) => json(response, { error: "server_error" }, 500);
    },
  },
  {
    reason: "introspection_unavailable",
    credential: opaque,
    provider: asking,
    prepare: (idp) => {
      const body = { error: "invalid_client", error_description: "Invalid client or Invalid client credentials" };
      idp.onIntrospection = (response) => json(response, body, 401);
    },
  },
  {
    reason: "provider_unavailable",
    provider: (idp) => ({ discovery_endpoint: idp, issuer: null, jwks_endpoint: null, introspection_endpoint: null }),
  },
];

/** No token is the reason: a header that no client sends twice, API tokens, what a route requires, and the database. */
const untold = [
  "several_headers",
  "invalid_characters",
  "mistyped",
  "revoked",
  "disabled",
  "unknown_token",
  "grace_ended",
  "lifetime_ended",
  "unused",
  "source_not_allowed",
  "failed_attempts",
  "rate_limit",
  "scheme_not_accepted",
  "permission_missing",
  "client_not_accepted",
  "database",
  "database_busy",
  "closed",
];

const meanings = tableUnder(readDocument("docs/verifier.md"), "## Events").flatMap(([names = "", meaning = ""]) =>
  [...names.matchAll(/`(\w+)`/g)].map(([, name = ""]) => [name, meaning] as const),
);

/** What a client and an operator see of a case: the answer, the log's lines and the sentence of the documentation. */
async function see(one: Case): Promise<string> {
  const idp = await startIssuer();
  try {
    idp.keys = [key.jwk];
    one.prepare?.(idp);
    const provider = one.provider?.(idp.issuer);
    const resources = [providerOf(idp, "idp", provider ?? {}), clientOf(one.client ?? {}), ...(one.resources ?? [])];
    const world = await makeWorld(resources, one.options);
    world.setNow(start);
    if (one.before) await world.authenticate(`Bearer ${one.before(idp)}`);
    const reported = world.events.length;
    const made = typeof one.credential === "function" ? one.credential(idp) : one.credential;
    const credential = made ?? goodToken(idp, key, one.claims, one.header);
    const { status, headers, body } = problemIn(await world.authenticate(`Bearer ${credential}`));
    const events = world.events
      .slice(reported)
      .map((event) => JSON.stringify(event).replace(body.instance, "the answer's"));
    expect([one.reason, events.join()]).toEqual([one.reason, expect.stringContaining(`"reason":"${one.reason}"`)]);
    const text = [
      `# ${one.reason}`,
      `answer  ${status} ${headers["WWW-Authenticate"] ?? `Retry-After: ${headers["Retry-After"]}`}`,
      `        ${body.code}: ${body.detail}`,
      ...events.map((line) => `log     ${line}`),
      `docs    ${meanings.find(([name]) => name === one.reason)?.[1]}`,
    ].join("\n");
    for (const secret of [credential, ...credential.split("."), "a-long-password-of-jan", "a-secret-of-the-client"]) {
      if (secret.length > 5) expect(text).not.toContain(secret);
    }
    return text.replaceAll(idp.issuer, "https://idp.example.nl").replace(/"userId":"[^"]+"/g, '"userId":"an id"');
  } finally {
    await idp.close();
  }
}

describe("a refused bearer token", () => {
  const seen: string[] = [];

  // One by one, since each has its own database.
  it.each(cases)("has an event and an answer for $reason, without a secret", async (one) => {
    seen.push(await see(one));
  });

  it("is seen by its client, in the log and in the documentation as the snapshot says", async () => {
    expect(seen).toHaveLength(cases.length);
    await expect(`${seen.join("\n\n")}\n`).toMatchFileSnapshot("refusals-seen.txt");
  });

  it("is seen there for every reason", () => {
    const events = meanings.findIndex(([name]) => name === "reason");
    const reasons = meanings.slice(events + 1).map(([name]) => name);
    expect([...new Set([...cases.map(({ reason }) => reason), ...untold])].sort()).toEqual([...reasons].sort());
  });
});
