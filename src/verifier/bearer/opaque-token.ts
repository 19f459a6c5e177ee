import type { Database } from "../../database/database.js";
import { SetupError } from "../../errors.js";
import { andThen, type MaybePromise } from "../../maybe-promise.js";
import type { OidcClient, OpenAccess } from "../../oidc/client.js";
import { checkTimes, type TimeReason } from "../../oidc/jwt/claims.js";
import { isOptionalText, type JsonObject } from "../../oidc/jwt/json-object.js";
import type { KnownProvider } from "../../oidc/provider.js";
import type { TokenAnswer } from "../../oidc/token-questions.js";
import type { Secret } from "../../secrets/secret.js";
import { actsAsClient, readExternalIdentity } from "../../users/external-identity.js";
import type { OnBearerEvent } from "../event.js";
import type { OtherTokenReason } from "../reasons.js";
import { sourceOf } from "../verifier.js";
import { endOfToken, matchesAudience, oddMark, readOtherToken, type TokenRules } from "./access-token.js";
import { describeRejection, seenInToken } from "./describe-rejection.js";
import { type BearerRequest, type ProvisionContext, provisionFromClaims, provisionFromUserinfo } from "./provision.js";
import { keepFailure, reject, type Verdict, type VerdictCache, verdictOf } from "./verdict.js";

/** How opaque tokens are verified. */
export interface OpaqueTokenContext extends ProvisionContext {
  readonly rules: TokenRules;
  /** The secrets of clients, opened on first use, since most verifiers need no sealing key. */
  readonly secrets: WeakMap<OidcClient, OpenedSecret>;
}

type OpenedSecret = { readonly kind: "opened"; readonly secret: Secret } | { readonly kind: "unusable" };

const maxToken = 4096;
// An encrypted token with a user's claims is as long as a JWT.
const maxEncrypted = 16 * 1024;
// RFC 7516 §3.1; the encrypted key may be empty.
const encryptedForm = /^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/;
// RFC 7662 §2.2 makes `exp` optional.
const lifeOfUnended = 60;
// RFC 6750 §2.1.
const bearerCharacters = /^[A-Za-z0-9\-._~+/]+=*$/;

const onlyOneHint =
  "opaque tokens name no client: they are accepted only if the verifier has exactly one, and it is enabled";
const noEndpointHint =
  "write `oidc_op_introspection_endpoint` for the provider, or configure it to issue JWTs as access tokens";
/** For a token in five parts without an introspection endpoint. */
export const encryptedDetails = {
  found: "an encrypted token, in five parts",
  hint: "write `oidc_op_introspection_endpoint` for the provider, or configure it to sign access tokens without encryption; with Auth0, request an audience",
};

/** Whether a credential may be an opaque token, which only its provider can read. */
export function isOpaque(credential: string): boolean {
  const dots = credential.split(".").length - 1;
  // Excludes JWTs, even incomplete ones, and API tokens.
  if (dots === 2 || dots === 4 || credential.startsWith("ey") || credential.startsWith("vtb_")) return false;
  return credential.length <= maxToken && bearerCharacters.test(credential);
}

/** Whether a credential has the five parts of an encrypted token. The verifier decrypts none; only the provider can read it. */
export function isEncrypted(credential: string): boolean {
  return credential.length <= maxEncrypted && encryptedForm.test(credential);
}

/** The only possible issuer of an opaque token, if its discovery document is missing. */
export function onlyProvider({ configuration: { clients, pending } }: VerdictCache): KnownProvider | undefined {
  return clients.length === 0 && pending.length === 1 ? pending[0] : undefined;
}

/**
 * Introspects an opaque token at its only possible issuer (RFC 7662). Userinfo alone would not do: it does not show which client
 * the token was issued to.
 */
export function verifyOpaqueToken(
  context: OpaqueTokenContext,
  cache: VerdictCache,
  request: BearerRequest,
  nowMs: number,
): MaybePromise<Verdict> {
  const client = onlyClient(cache);
  const isUnreadable = isEncrypted(request.credential);
  if (client?.access.kind !== "open") {
    return isUnreadable ? reject("encrypted_token", encryptedDetails) : reject("malformed", { hint: onlyOneHint });
  }
  const { access, clientId } = client;
  const { issuer, introspection } = client.provider;
  if (!introspection) {
    return isUnreadable
      ? reject("encrypted_token", encryptedDetails)
      : reject("no_introspection", { hint: noEndpointHint });
  }
  const opened = secretOf(context, client);
  // Users are identified by issuer and subject, and an endpoint that answers anyone is not reliable.
  if (issuer === null) return reject("not_configured", { hint: "write the provider's `oidc_op_issuer`" });
  if (opened.kind === "unusable")
    return reject("not_configured", { hint: `see \`client_unusable\` of ${client.identifier}` });
  const { credential, digest } = request;
  const answer = introspection.ask({
    credential,
    digest,
    source: sourceOf(request.context),
    client: { clientId, secret: opened.secret },
    // An API token under the wrong scheme must not reach the provider.
    precheck: async () => ((await isApiToken(context.database, digest)) ? "api_token" : undefined),
  });
  return andThen(answer, verifyAnswer, context, cache, { client, access, issuer, request, nowMs });
}

interface AskedToken {
  readonly client: OidcClient;
  readonly access: OpenAccess;
  readonly issuer: string;
  readonly request: BearerRequest;
  readonly nowMs: number;
}

function verifyAnswer(
  answer: TokenAnswer,
  context: OpaqueTokenContext,
  cache: VerdictCache,
  { client, access, issuer, request, nowMs }: AskedToken,
): MaybePromise<Verdict> {
  const { now, rules } = context;
  if (answer.kind !== "claims") return verdictOf(answer, now());
  const { claims, untilMs, readAtMs } = answer;
  const rejected = (reason: IntrospectionReason): Verdict => {
    const { configuration } = cache;
    // `exp` is optional.
    const token = { header: undefined, claims: { exp: nowMs / 1000, ...claims }, nowMs, rules };
    const details = describeRejection(reason, { ...token, configuration, clients: [client] });
    return keepFailure(reason, now(), { ...details, ...seenInToken(undefined, claims) });
  };
  const token = readAnswer(client, claims, issuer, nowMs, rules);
  if (token.kind === "rejected") return rejected(token.reason);
  context.trace?.passed("token_inactive", "the introspection endpoint says that it is active, and for this API");
  const keepUntilMs = endOfToken(token, rules);
  const reliableUntilMs = Math.min(keepUntilMs, untilMs);
  const issuedAtMs = token.iat === undefined ? undefined : token.iat * 1000;
  const { digest } = request;
  const verified = { client, tokenClaims: token.claims, digest, issuedAtMs, readAtMs, reliableUntilMs };
  const isClient = claims.sub !== undefined && actsAsClient(claims, client.names);
  if (client.asksUserinfo && !isClient) {
    return provisionFromUserinfo(context, cache, { verified, issuer, access, request, keepUntilMs });
  }
  const identity = readExternalIdentity(issuer, token.claims, client.names);
  return identity
    ? provisionFromClaims(context, cache, { ...verified, identity, claims: token.claims })
    : rejected("subject_invalid");
}

function secretOf({ secrets, onEvent }: OpaqueTokenContext, client: OidcClient): OpenedSecret {
  const known = secrets.get(client);
  if (known) return known;
  const opened = openSecret(client, onEvent);
  secrets.set(client, opened);
  return opened;
}

function openSecret({ identifier, openSecret: open }: OidcClient, onEvent: OnBearerEvent): OpenedSecret {
  try {
    const secret = open();
    if (secret.reveal() !== "") return { kind: "opened", secret };
    const message = "it has no secret, which introspection of opaque tokens needs";
    onEvent({ kind: "client_unusable", client: identifier, message });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    onEvent({ kind: "client_unusable", client: identifier, message: error.message });
  }
  return { kind: "unusable" };
}

interface IntrospectedToken {
  readonly kind: "active";
  readonly claims: JsonObject;
  readonly exp: number;
  readonly iat?: number;
}

type IntrospectionReason =
  | TimeReason
  | "wrong_issuer"
  | "claim_malformed"
  | OtherTokenReason
  | "wrong_type"
  | "wrong_audience"
  | "subject_invalid";

interface RejectedAnswer {
  readonly kind: "rejected";
  readonly reason: IntrospectionReason;
}

/** Checks an active token. */
function readAnswer(
  client: OidcClient,
  answer: JsonObject,
  issuer: string,
  nowMs: number,
  rules: TokenRules,
): IntrospectedToken | RejectedAnswer {
  const { iss, sub, token_type: type, aud, ...rest } = answer;
  if (iss !== undefined && iss !== issuer) return rejectAnswer("wrong_issuer");
  if (!isOptionalText(type) || oddMark(answer)) return rejectAnswer("claim_malformed");
  // RFC 7662 §2.2 and RFC 8705 §3.2: `Bearer` excludes tokens that are bound to a key, and all but access tokens.
  const kind = type?.toLowerCase() ?? "bearer";
  const other = kind === "dpop" ? "proof_of_possession" : readOtherToken(answer);
  if (other) return rejectAnswer(other);
  if (kind !== "bearer") return rejectAnswer("wrong_type");
  if (!isOptionalText(sub)) return rejectAnswer("subject_invalid");
  // Some providers write an empty list for no audience.
  const hasAudience = aud !== undefined && !(Array.isArray(aud) && aud.length === 0);
  const claims = { ...rest, ...(sub !== undefined && { sub }), ...(hasAudience && { aud }) };
  if (!matchesAudience(client, claims, rules)) return rejectAnswer("wrong_audience");
  const ended = { ...claims, exp: answer.exp === undefined ? nowMs / 1000 + lifeOfUnended : answer.exp };
  const reason = checkTimes(ended, nowMs, rules.leewaySeconds, rules.maxAgeSeconds);
  if (reason) return rejectAnswer(reason);
  // Both were just checked.
  const { exp, iat } = ended as { readonly exp: number; readonly iat?: number };
  return { kind: "active", claims, exp, ...(iat !== undefined && { iat }) };
}

function rejectAnswer(reason: IntrospectionReason): RejectedAnswer {
  return { kind: "rejected", reason };
}

/** With a second client, a provider might get a token of another one. */
function onlyClient({ configuration: { clients, pending } }: VerdictCache): OidcClient | undefined {
  const [client, second] = clients;
  return second === undefined && pending.length === 0 ? client : undefined;
}

async function isApiToken({ kysely }: Database, digest: string): Promise<boolean> {
  const current = await kysely.selectFrom("api_tokens").select("id").where("digest", "=", digest).executeTakeFirst();
  if (current) return true;
  const earlier = kysely
    .selectFrom("api_token_retired")
    .select("digest")
    .where("digest", "=", digest)
    .union(kysely.selectFrom("api_token_revoked").select("digest").where("digest", "=", digest));
  return (await earlier.executeTakeFirst()) !== undefined;
}
