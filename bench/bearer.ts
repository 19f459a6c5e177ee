import { type KeyObject, verify } from "node:crypto";
import { createVerifier as createFastVerifier } from "fast-jwt";
import { createLocalJWKSet, jwtVerify } from "jose";
import jsonWebToken from "jsonwebtoken";
import { createVerifier } from "../src/verifier/create-verifier.js";
import { type Algorithm, type Claims, fresh, jwkOf, makeAccessTokens, signatureOptions } from "./support/issuer.js";
import { type Contender, measureRounds, perCpuSecond } from "./support/rounds.js";
import { printTable } from "./support/table.js";
import { clientOf, makeWorld, type OwnedWorld } from "./support/world.js";

/** Checks of access tokens, beside a bare `crypto.verify` of the same tokens and other libraries. */

const tokensARound = 250;
// More tokens than the verifier remembers: when their turn comes again, they are new to it.
const slices = 48;
const rounds = 48;

type Check = (token: string) => unknown;

const titles: Readonly<Record<Claims, string>> = {
  rfc9068: "8 claims as in RFC 9068",
  keycloak: "18 claims as from Keycloak",
};

interface Bytes {
  readonly signed: Buffer;
  readonly signature: Buffer;
}

function bytesOf(header: string): Bytes {
  const token = header.slice("Bearer ".length);
  const dot = token.lastIndexOf(".");
  return { signed: Buffer.from(token.slice(0, dot)), signature: Buffer.from(token.slice(dot + 1), "base64url") };
}

/** The signature alone: no claim is read. From the text that comes with a request, and from bytes that were made before. */
function makeBare(algorithm: Algorithm, publicKey: KeyObject) {
  const { digest, dsaEncoding } = signatureOptions(algorithm);
  const key = algorithm === "ES256" ? { key: publicKey, dsaEncoding } : publicKey;
  const checkBytes = ({ signed, signature }: Bytes): void => {
    if (!verify(digest, signed, key, signature)) throw new Error("expected a good signature");
  };
  return {
    checkText: (header: string) => checkBytes(bytesOf(header)),
    measureBytes: (headers: readonly string[]) => {
      const prepared = headers.map(bytesOf);
      const begun = process.cpuUsage();
      for (const bytes of prepared) checkBytes(bytes);
      return perCpuSecond(prepared.length, begun);
    },
  };
}

async function checkEach(tokens: readonly string[], check: Check): Promise<number> {
  const begun = process.cpuUsage();
  for (const token of tokens) {
    const checked = check(token);
    if (checked instanceof Promise) await checked;
  }
  return perCpuSecond(tokens.length, begun);
}

/** The user is there already. */
async function makeOurs({ world }: OwnedWorld, algorithm: Algorithm, tokens: readonly string[]) {
  const verifier = await createVerifier({ database: `sqlite:${world.file}`, clients: [clientOf(algorithm)], env: {} });
  // The first one creates the user, and the second finds the database changed by that.
  for (const token of tokens) await verifier.authenticate(`Bearer ${token}`);
  const check: Check = (header) => {
    const outcome = verifier.authenticate(header);
    if (outcome instanceof Promise || outcome.kind !== "authenticated")
      throw new Error("expected to be accepted at once");
  };
  return { check, close: verifier.close };
}

function makeOthers({ world, keys }: OwnedWorld, algorithm: Algorithm): readonly (readonly [string, Check])[] {
  const { issuer, audience } = world;
  const { publicKey } = keys[algorithm];
  const jwks = createLocalJWKSet({ keys: [jwkOf(algorithm, keys[algorithm])] });
  const fast = {
    key: publicKey.export({ format: "pem", type: "spki" }),
    algorithms: [algorithm],
    allowedIss: issuer,
    allowedAud: audience,
  };
  const uncached = createFastVerifier(fast);
  const cached = createFastVerifier({ ...fast, cache: 10_000 });
  const others: [string, Check][] = [
    ["jose", (token) => jwtVerify(token, jwks, { issuer, audience, algorithms: [algorithm] })],
    ["fast-jwt", uncached],
    ["fast-jwt, filling its cache", cached],
    ["fast-jwt, cached", cached],
  ];
  if (algorithm !== "EdDSA") {
    const options = { issuer, audience, algorithms: [algorithm] };
    others.push(["jsonwebtoken", (token) => jsonWebToken.verify(token, publicKey, options)]);
  }
  return others;
}

async function benchmark(owned: OwnedWorld, algorithm: Algorithm, claims: Claims): Promise<void> {
  const { world, keys } = owned;
  const key = keys[algorithm];
  const tokens = makeAccessTokens(algorithm, key, world, { count: tokensARound * slices, users: 1, claims });
  const { check, close } = await makeOurs(
    owned,
    algorithm,
    makeAccessTokens(algorithm, key, world, { count: 2, users: 1, claims }),
  );
  const sliceOf = (round: number) =>
    tokens.slice((round % slices) * tokensARound, ((round % slices) + 1) * tokensARound);
  const headersOf = (round: number) => sliceOf(round).map((token) => `Bearer ${token}`);
  const bare = makeBare(algorithm, key.publicKey);
  const baseline = "bare `crypto.verify` of the token";
  const isRsa = algorithm === "RS256";
  const ours = (round: number) => checkEach(fresh(headersOf(round)), check);
  const contenders: readonly Contender[] = [
    { name: baseline, baseline, measure: (round) => checkEach(fresh(headersOf(round)), bare.checkText) },
    { name: "the same of prepared bytes", baseline, measure: (round) => bare.measureBytes(headersOf(round)) },
    { name: "vtb-setup, first sight", baseline, ...(isRsa && { aim: 0.85 }), measure: ours },
    { name: "vtb-setup, cached", baseline, ...(isRsa && { aim: 10 }), measure: ours },
    ...makeOthers(owned, algorithm).map(([name, other]) => ({
      name,
      baseline,
      measure: (round: number) => checkEach(fresh(sliceOf(round)), other),
    })),
  ];
  const speeds = await measureRounds(contenders, rounds, slices / 2);
  const title = `Bearer tokens, ${algorithm}, ${titles[claims]}`;
  printTable({ title, unit: "checks", rounds, time: "processor" }, contenders, speeds);
  await close();
}

const owned = await makeWorld(1);
await benchmark(owned, "RS256", "rfc9068");
for (const algorithm of ["RS256", "ES256", "EdDSA"] as const) await benchmark(owned, algorithm, "keycloak");
owned.close();
