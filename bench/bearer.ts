import { generateKeyPair, randomBytes, randomUUID, sign, verify } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createLocalJWKSet, jwtVerify } from "jose";
import { withLock } from "../src/database/lock.js";
import { runMigrations } from "../src/database/migrate.js";
import { coreMigrations } from "../src/database/migrations.js";
import { openDatabase } from "../src/database/open.js";
import { createVault } from "../src/secrets/sealing.js";
import { createBearerAuthority } from "../src/verifier/bearer/authority.js";

/**
 * Checks of RS256 access tokens, beside a bare `crypto.verify` of the same tokens: medians of interleaved rounds, as ratios.
 * fast-jwt and jsonwebtoken are measured as well where they are installed.
 */

const rounds = 72;
const tokensPerRound = 250;
// More than the verifier remembers: when their turn comes again, tokens are new to it.
const slices = 48;
const issuer = "https://idp.example.nl/realms/test";
const audience = "api";

type Contender = (tokens: readonly string[], prepared: readonly Prepared[]) => Promise<void> | void;

interface Prepared {
  readonly signed: Buffer;
  readonly signature: Buffer;
}

const { privateKey, publicKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
const jwk = { ...publicKey.export({ format: "jwk" }), kid: randomUUID(), alg: "RS256", use: "sig" };
const header = encode({ alg: "RS256", typ: "JWT", kid: jwk.kid });
const folder = mkdtempSync(join(tmpdir(), "vtb-bench-"));
const url = `sqlite:${join(folder, "auth.db")}`;

/** Tokens of one user, as Keycloak makes them. */
function makeTokens(count: number): readonly string[] {
  const now = Math.floor(Date.now() / 1000);
  return Array.from({ length: count }, () => {
    const claims = {
      ...{ exp: now + 36_000, iat: now, jti: randomUUID(), iss: issuer, aud: audience, sub: "7d6f7a1e-user" },
      ...{ typ: "Bearer", azp: audience, sid: randomUUID(), acr: "1", scope: "openid email profile" },
      ...{ email_verified: true, name: "Jan Jansen", preferred_username: "jan", given_name: "Jan" },
      ...{ family_name: "Jansen", email: "jan@example.nl", groups: ["behandelaars", "raadplegers"] },
    };
    const signed = `${header}.${encode(claims)}`;
    return `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
  });
}

async function makeAuthority() {
  const database = openDatabase(url, "write");
  const authority = await createBearerAuthority({
    database,
    openWriter: () => openDatabase(url, "write"),
    clients: ["api-oidc"],
    vault: createVault(randomBytes(32)),
    fetch: async () => Response.json({ keys: [jwk] }),
    now: Date.now,
    onEvent: () => {},
  });
  return {
    authenticate: authority.authenticate,
    close: async () => {
      await authority.close();
      await database.close();
    },
  };
}

async function makeDatabase(): Promise<void> {
  const database = openDatabase(url, "write");
  const now = new Date().toISOString();
  const managed = { owner: null, created_at: now, updated_at: now };
  const lock = { timeoutMs: 1000, sleep: async () => {}, now: Date.now, newId: randomUUID, hasTables: false };
  await withLock(database, lock, async (tx) => {
    await runMigrations(tx, coreMigrations, now);
    await tx
      .insertInto("oidc_providers")
      .values({
        ...{
          id: "p",
          ...managed,
          identifier: "idp",
          issuer,
          jwks_endpoint: `${issuer}/certs`,
          discovery_endpoint: null,
        },
        ...{ authorization_endpoint: null, token_endpoint: null, userinfo_endpoint: null, logout_endpoint: null },
        ...{ token_use_basic_auth: 0, use_nonce: 1, nonce_size: 32, state_size: 32, use_pkce: 1, ca_file: null },
      })
      .execute();
    await tx
      .insertInto("oidc_clients")
      .values({
        ...{ id: "c", ...managed, identifier: "api-oidc", provider_id: "p", client_id: audience, client_secret: "" },
        ...{ sign_algo: "RS256", scopes: "[]", idp_hint: "", userinfo_claims_source: "id_token", audience: "[]" },
        ...{ sign_key: null, enabled: 1, check_op_availability: 0, use_pkce: null, options: JSON.stringify(options) },
      })
      .execute();
    return { commit: true, value: undefined };
  });
  await database.close();
}

const options = {
  user_settings: {
    claim_mappings: { username: ["sub"], email: ["email"], first_name: ["given_name"], last_name: ["family_name"] },
  },
  groups_settings: { claim_mapping: ["groups"] },
};

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

/** Strings as they come from a socket: flat, and never seen before. */
function fresh(tokens: readonly string[]): readonly string[] {
  return tokens.map((token) => Buffer.from(token).toString("latin1"));
}

function prepare(tokens: readonly string[]): readonly Prepared[] {
  return tokens.map((token) => {
    const dot = token.lastIndexOf(".");
    return { signed: Buffer.from(token.slice(0, dot)), signature: Buffer.from(token.slice(dot + 1), "base64url") };
  });
}

/** Tokens a second. */
async function measure(tokens: readonly string[], contender: Contender): Promise<number> {
  const prepared = prepare(tokens);
  const begun = process.hrtime.bigint();
  await contender(tokens, prepared);
  return (tokens.length / Number(process.hrtime.bigint() - begun)) * 1e9;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** A package that this one does not depend on. */
async function optional(name: string): Promise<Record<string, unknown> | undefined> {
  try {
    return await import(name);
  } catch {
    return undefined;
  }
}

async function makeContenders() {
  const authority = await makeAuthority();
  const accept: Contender = (tokens) => {
    for (const token of tokens) {
      const outcome = authority.authenticate(token, Date.now());
      if (!("kind" in outcome) || outcome.kind !== "accepted")
        throw new Error("expected each token to be accepted at once");
    }
  };
  const keys = createLocalJWKSet({ keys: [jwk] });
  const fastJwt = await optional("fast-jwt");
  const jsonWebToken = await optional("jsonwebtoken");
  const contenders: [string, Contender][] = [
    [
      "crypto.verify",
      (_tokens, prepared) => {
        for (const { signed, signature } of prepared) {
          if (!verify("sha256", signed, publicKey, signature)) throw new Error("expected a good signature");
        }
      },
    ],
    ["vtb-setup, first sight", accept],
    ["vtb-setup, cached", accept],
    [
      "jose",
      async (tokens) => {
        for (const token of tokens) await jwtVerify(token, keys, { issuer, audience, algorithms: ["RS256"] });
      },
    ],
  ];
  if (fastJwt) {
    // Its types are not here either.
    const createVerifier = fastJwt.createVerifier as (options: object) => (token: string) => unknown;
    const pem = publicKey.export({ format: "pem", type: "spki" });
    const settings = { key: pem, algorithms: ["RS256"], allowedIss: issuer, allowedAud: audience };
    const uncached = createVerifier(settings);
    const cached = createVerifier({ ...settings, cache: 10_000 });
    contenders.push(["fast-jwt", (tokens) => tokens.forEach((token) => void uncached(token))]);
    contenders.push(["fast-jwt, filling its cache", (tokens) => tokens.forEach((token) => void cached(token))]);
    contenders.push(["fast-jwt, cached", (tokens) => tokens.forEach((token) => void cached(token))]);
  }
  if (jsonWebToken) {
    const check = jsonWebToken.verify as (token: string, key: unknown, options: object) => unknown;
    const settings = { issuer, audience, algorithms: ["RS256"] };
    contenders.push(["jsonwebtoken", (tokens) => tokens.forEach((token) => void check(token, publicKey, settings))]);
  }
  return { contenders, ...authority };
}

await makeDatabase();
const all = makeTokens(tokensPerRound * slices);
const { contenders, authenticate, close } = await makeContenders();
// Makes the user.
await authenticate(makeTokens(1)[0] ?? "", Date.now());
const speeds = new Map<string, number[]>();
for (let round = -slices; round < rounds; round += 1) {
  const slice = (round + slices) % slices;
  const tokens = all.slice(slice * tokensPerRound, (slice + 1) * tokensPerRound);
  for (const [name, contender] of contenders) {
    const speed = await measure(fresh(tokens), contender);
    // The first rounds warm up.
    if (round >= 0) speeds.set(name, [...(speeds.get(name) ?? []), speed]);
  }
}
await close();
rmSync(folder, { recursive: true, force: true });

/** What is reached in one of ten rounds: other work on the machine hardly touches it. */
function undisturbed(values: readonly number[]): number {
  return values.toSorted((a, b) => b - a)[Math.floor(values.length / 10)] ?? 0;
}

const baseline = speeds.get("crypto.verify") ?? [];
process.stdout.write(`RS256, Node ${process.versions.node}, ${cpus().length} cores, medians of ${rounds} rounds\n`);
process.stdout.write(
  `${" ".repeat(30)}${["tokens/s", "ratio", "undisturbed"].map((title) => title.padStart(12)).join("")}\n`,
);
for (const [name, values] of speeds) {
  const ratio = median(values.map((value, round) => value / (baseline[round] ?? value)));
  const best = undisturbed(values) / undisturbed(baseline);
  const columns = [Math.round(median(values)), ratio.toFixed(2), best.toFixed(2)];
  process.stdout.write(`${name.padEnd(30)}${columns.map((column) => String(column).padStart(12)).join("")}\n`);
}
