import type { OidcClient } from "../../oidc/client.js";
import { quoteForeign } from "../../oidc/foreign-text.js";
import type { TimeReason } from "../../oidc/jwt/claims.js";
import { isOptionalTexts, type JsonObject } from "../../oidc/jwt/json-object.js";
import type { JoseHeader } from "../../oidc/jwt/jws.js";
import type { KeySource } from "../../oidc/provider-keys.js";
import { kindOf } from "../../users/claim-values.js";
import type { RejectionDetails, SeenInToken } from "../bearer-outcome.js";
import type { AccessTokenReason, ChoiceReason } from "../reasons.js";
import { missingClaim, oddMark, type TokenRules } from "./access-token.js";
import type { ClientSnapshot } from "./client-snapshot.js";

/** The reasons with details for a log. */
export type DescribedReason = AccessTokenReason | ChoiceReason | "unknown_key" | "bad_signature" | "subject_invalid";

/** A rejected token, and its context. */
interface RejectedToken {
  /** Undefined for introspection's claims of an opaque token. */
  readonly header: JoseHeader | undefined;
  readonly claims: JsonObject;
  readonly nowMs: number;
  readonly rules: TokenRules;
  readonly configuration: ClientSnapshot;
  /** The clients that it may be for. */
  readonly clients: readonly OidcClient[];
  /** The keys for its signature. */
  readonly keys?: KeySource;
}

/** Describes the actual and expected values, for a log. */
export function describeRejection(reason: DescribedReason, token: RejectedToken): RejectionDetails {
  return describers[reason](token);
}

/** The same for a credential that is not a valid JWT. Quotes nothing of it. */
export function describeUnreadable(reason: string, credential: string, member: string | undefined): RejectionDetails {
  if (reason === "malformed_payload") return { found: "a payload that is not a JSON object", expected: "claims" };
  if (member !== undefined) return { found: `\`${member}\` in the header`, expected: "a signed JWT without it" };
  if (reason === "malformed_header") {
    return { found: "an invalid header", expected: "a JSON object whose `alg`, `kid` and `typ` are strings" };
  }
  const parts = credential.split(".").length;
  const found = `${credential.length} characters in ${parts} ${parts === 1 ? "part" : "parts"}`;
  return { found, expected: "a signed JWT in three parts of at most 16384 characters" };
}

type Describe = (token: RejectedToken) => RejectionDetails;

const aboutTime: Readonly<Record<TimeReason, Describe>> = {
  malformed_time: describeMalformedTime,
  expired: ({ claims, nowMs, rules }) => aboutMoment(claims, "exp", `later than ${moment(nowMs)}`, rules),
  not_yet_valid: ({ claims, nowMs, rules }) => aboutMoment(claims, "nbf", `not later than ${moment(nowMs)}`, rules),
  issued_in_future: ({ claims, nowMs, rules }) => aboutMoment(claims, "iat", `not later than ${moment(nowMs)}`, rules),
  too_old: ({ claims, nowMs, rules }) => {
    const oldest = moment(nowMs - (rules.maxAgeSeconds ?? 0) * 1000);
    return aboutMoment(claims, "iat", `later than ${oldest}, as maxTokenAgeSeconds requires`, rules);
  },
};

const describers: Readonly<Record<DescribedReason, Describe>> = {
  ...aboutTime,
  wrong_type: ({ header, claims, rules }) =>
    header
      ? { found: `the type ${quoteForeign(header.typ)}`, expected: rules.isStrict ? "at+jwt" : "at+jwt, JWT or none" }
      : { claim: "token_type", found: quoteForeign(claims.token_type), expected: "Bearer" },
  claim_malformed: ({ claims }) => {
    const claim = oddMark(claims) ?? "token_type";
    return { claim, found: kindOf(claims[claim]), expected: "a string" };
  },
  claim_missing: ({ claims }) => {
    const claim = missingClaim(claims) ?? "iat";
    return { claim, found: kindOf(claims[claim]), expected: "a claim that RFC 9068 requires" };
  },
  id_token: ({ header, claims }) => ({ found: idTokenMark(header, claims), expected: "an access token" }),
  refresh_token: ({ claims }) => ({ found: kindOfToken(claims), expected: "an access token" }),
  proof_of_possession: ({ claims }) => ({
    found: Object.hasOwn(claims, "cnf") ? "`cnf`, which binds it to a key" : kindOfToken(claims),
    expected: "a token that is not bound to a key",
  }),
  wrong_issuer: ({ claims: { iss }, configuration }) => ({
    claim: "iss",
    expected: configuration.issuerNames,
    found: typeof iss === "string" ? quoteForeign(iss) : kindOf(iss),
  }),
  unknown_issuer: ({ claims: { iss }, configuration }) => ({
    claim: "iss",
    found: quoteForeign(iss),
    expected: configuration.issuerNames,
  }),
  not_configured: ({ clients }) => ({
    hint:
      clients.length === 0
        ? "the database has none of the verifier's clients: check its option `clients`"
        : `see \`client_unusable\` of ${namesOf(clients)}`,
  }),
  weak_secret: ({ clients }) => ({ hint: `see \`client_unusable\` of ${namesOf(clients)}` }),
  client_disabled: ({ clients }) => ({ hint: `write \`enabled: true\` for ${namesOf(clients)}` }),
  wrong_algorithm: ({ header, configuration, clients }) => ({
    found: quoteForeign(header?.alg),
    expected: expectedOf(configuration, clients, "algorithm"),
  }),
  wrong_audience: ({ claims, configuration, clients }) => ({
    claim: "aud",
    found: namesIn(claims),
    expected: expectedOf(configuration, clients, "audience"),
  }),
  unknown_key: ({ header, keys }) => ({ found: describeKey(header), expected: keys?.names() ?? "nothing" }),
  bad_signature: ({ header, keys }) => ({ found: describeKey(header), expected: keys?.names() ?? "nothing" }),
  subject_invalid: describeSubject,
};

function describeMalformedTime({ claims, rules }: RejectedToken): RejectionDetails {
  const needed = rules.maxAgeSeconds === undefined ? ["exp"] : ["exp", "iat"];
  const isOdd = (name: string) => claims[name] !== undefined && typeof claims[name] !== "number";
  const claim =
    needed.find((name) => claims[name] === undefined) ??
    ["exp", "nbf", "iat"].find((name) => isOdd(name) || (Number(claims[name]) || 0) < 0) ??
    "exp";
  return { claim, found: kindOf(claims[claim]), expected: "seconds since 1970" };
}

function aboutMoment(claims: JsonObject, claim: string, expected: string, { leewaySeconds }: TokenRules) {
  // Its type was checked to be a number.
  return { claim, found: moment(Number(claims[claim]) * 1000), expected: `${expected} (leeway ${leewaySeconds} s)` };
}

function moment(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(".000Z", "Z");
}

/** What identifies an ID token, in the order of the checks. */
function idTokenMark(header: JoseHeader | undefined, claims: JsonObject): string {
  const said = kindOfToken(claims);
  if (said !== "") return said;
  const mark = ["c_hash", "at_hash", "nonce"].find((name) => Object.hasOwn(claims, name));
  if (mark !== undefined) return `\`${mark}\`, a claim of ID tokens`;
  return `the client in \`aud\`, and no claim of access tokens (type ${quoteForeign(header?.typ)})`;
}

/** The provider's mark for another kind of token. */
function kindOfToken({ typ, token_use: use, token_type: type }: JsonObject): string {
  const said = { typ: typ === "Bearer" ? undefined : typ, token_use: use === "access" ? undefined : use };
  const [name, value] = Object.entries({ ...said, token_type: type }).find(([, word]) => word !== undefined) ?? [];
  return name === undefined ? "" : `\`${name}: ${quoteForeign(value, 40)}\``;
}

function namesIn(claims: JsonObject): string {
  const given = ["aud", "azp", "client_id"].filter((name) => claims[name] !== undefined);
  return given.map((name) => `${name} ${quoteForeign(claims[name])}`).join(", ") || "no aud, azp or client_id";
}

function namesOf(clients: readonly OidcClient[]): string {
  return clients.map(({ identifier }) => identifier).join(", ");
}

function expectedOf(
  { expectations }: ClientSnapshot,
  clients: readonly OidcClient[],
  what: "algorithm" | "audience",
): string {
  const texts = clients.flatMap((client) => expectations.get(client)?.[what] ?? []);
  return [...new Set(texts)].join("; or ");
}

/** What identifies whose token it is and what signed it, whatever the reason. */
export function seenInToken(header: JoseHeader | undefined, { iss, aud }: JsonObject): SeenInToken {
  const kid = header?.kid;
  return {
    ...(iss !== undefined && { issuer: typeof iss === "string" ? quoteForeign(iss) : kindOf(iss) }),
    ...(aud !== undefined && { audience: isOptionalTexts(aud) ? quoteForeign(aud) : kindOf(aud) }),
    ...(kid !== undefined && { kid: quoteForeign(kid) }),
    ...(header && { algorithm: quoteForeign(header.alg) }),
  };
}

/** The key id in a token's header. */
export function describeKey(header: JoseHeader | undefined): string {
  return header?.kid === undefined ? "no key id" : `key id ${quoteForeign(header.kid)}`;
}

/** Never quotes the subject. */
function describeSubject({ claims }: RejectedToken): RejectionDetails {
  const { sub } = claims;
  if (typeof sub !== "string" || sub === "") return { claim: "sub", found: kindOf(sub), expected: "a string" };
  const other = ["client_id", "azp", "idtyp"].find((name) => !["string", "undefined"].includes(typeof claims[name]));
  if (other !== undefined) return { claim: other, found: kindOf(claims[other]), expected: "a string" };
  const found = `a string of ${sub.length} characters`;
  return { claim: "sub", found, expected: "at most 255 printable characters that don't begin with `client:`" };
}
