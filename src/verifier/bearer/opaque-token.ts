import type { Database } from "../../database/database.js";
import { SetupError } from "../../errors.js";
import { andThen, type MaybePromise } from "../../maybe-promise.js";
import type { OidcClient } from "../../oidc/client.js";
import { checkTimes, type TimeReason } from "../../oidc/jwt/claims.js";
import { isOptionalText, type JsonObject } from "../../oidc/jwt/json-object.js";
import type { KnownProvider } from "../../oidc/provider.js";
import type { Secret } from "../../secrets/secret.js";
import { actsAsClient, readExternalIdentity } from "../../users/external-identity.js";
import type { OnBearerEvent } from "../event.js";
import { sourceOf } from "../verifier.js";
import {
  endOfToken,
  matchesAudience,
  type OtherTokenReason,
  oddMark,
  readOtherToken,
  type TokenRules,
} from "./access-token.js";
import { describeRejection } from "./describe-rejection.js";
import type { AskUserinfo, BearerRequest, ProvisionFromClaims } from "./provision.js";
import { keepFailure, reject, type Verdict, type VerdictCache, verdictOf } from "./verdict.js";

export interface VerifyOpaqueTokenOptions {
  readonly database: Database;
  readonly provisionFromClaims: ProvisionFromClaims;
  readonly askUserinfo: AskUserinfo;
  readonly onEvent: OnBearerEvent;
  readonly now: () => number;
  readonly rules: TokenRules;
}

export type VerifyOpaqueToken = (cache: VerdictCache, request: BearerRequest, nowMs: number) => MaybePromise<Verdict>;

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
export function createVerifyOpaqueToken({
  database,
  provisionFromClaims,
  askUserinfo,
  onEvent,
  now,
  rules,
}: VerifyOpaqueTokenOptions): VerifyOpaqueToken {
  const secrets = new WeakMap<OidcClient, Secret | "unusable">();

  return (cache, request, nowMs) => {
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
    const secret = secretOf(client);
    // Users are identified by issuer and subject, and an endpoint that answers anyone is not reliable.
    if (issuer === null) return reject("not_configured", { hint: "write the provider's `oidc_op_issuer`" });
    if (secret === "unusable")
      return reject("not_configured", { hint: `see \`client_unusable\` of ${client.identifier}` });
    const { credential, digest, context } = request;
    const question = {
      ...{ credential, digest, source: sourceOf(context), client: { clientId, secret } },
      // An API token under the wrong scheme must not reach the provider.
      precheck: async () => ((await isApiToken(database, digest)) ? "api_token" : undefined),
    };
    return andThen(introspection.ask(question), (answer) => {
      if (answer.kind !== "claims") return verdictOf(answer, now());
      const { claims, untilMs, readAtMs } = answer;
      const token = readAnswer(client, claims, issuer, nowMs, rules);
      const describe = (reason: IntrospectionReason) =>
        describeRejection(reason, {
          ...{ header: undefined, nowMs, rules, configuration: cache.configuration, clients: [client] },
          // `exp` is optional.
          claims: { exp: nowMs / 1000, ...claims },
        });
      if (typeof token === "string") return keepFailure(token, now(), describe(token));
      const keepUntilMs = endOfToken(token, rules);
      const reliableUntilMs = Math.min(keepUntilMs, untilMs);
      const issuedAtMs = token.iat === undefined ? undefined : token.iat * 1000;
      const verified = { client, tokenClaims: token.claims, digest, issuedAtMs, readAtMs, reliableUntilMs };
      const isClient = claims.sub !== undefined && actsAsClient(claims, client.names);
      if (client.asksUserinfo && !isClient) {
        return askUserinfo(cache, { verified, issuer, access, request, keepUntilMs });
      }
      const identity = readExternalIdentity(issuer, token.claims, client.names);
      return identity
        ? provisionFromClaims(cache, { ...verified, identity, claims: token.claims })
        : keepFailure("subject_invalid", now(), describe("subject_invalid"));
    });
  };

  /** Opened on first use, since most verifiers need no sealing key. */
  function secretOf(client: OidcClient): Secret | "unusable" {
    const known = secrets.get(client);
    if (known) return known;
    const secret = openSecret(client);
    secrets.set(client, secret);
    return secret;
  }

  function openSecret({ identifier, openSecret: open }: OidcClient): Secret | "unusable" {
    try {
      const secret = open();
      if (secret.reveal() !== "") return secret;
      const message = "it has no secret, which introspection of opaque tokens needs";
      onEvent({ kind: "client_unusable", client: identifier, message });
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      onEvent({ kind: "client_unusable", client: identifier, message: error.message });
    }
    return "unusable";
  }
}

interface IntrospectedToken {
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

/** Checks an active token, or returns why it is rejected. */
function readAnswer(
  client: OidcClient,
  answer: JsonObject,
  issuer: string,
  nowMs: number,
  rules: TokenRules,
): IntrospectedToken | IntrospectionReason {
  const { iss, sub, token_type: type, aud, ...rest } = answer;
  if (iss !== undefined && iss !== issuer) return "wrong_issuer";
  if (!isOptionalText(type) || oddMark(answer)) return "claim_malformed";
  // RFC 7662 §2.2 and RFC 8705 §3.2: `Bearer` excludes tokens that are bound to a key, and all but access tokens.
  const kind = type?.toLowerCase() ?? "bearer";
  const other = kind === "dpop" ? "proof_of_possession" : readOtherToken(answer);
  if (other) return other;
  if (kind !== "bearer") return "wrong_type";
  if (!isOptionalText(sub)) return "subject_invalid";
  // Some providers write an empty list for no audience.
  const hasAudience = aud !== undefined && !(Array.isArray(aud) && aud.length === 0);
  const claims = { ...rest, ...(sub !== undefined && { sub }), ...(hasAudience && { aud }) };
  if (!matchesAudience(client, claims, rules)) return "wrong_audience";
  const ended = { ...claims, exp: answer.exp === undefined ? nowMs / 1000 + lifeOfUnended : answer.exp };
  const reason = checkTimes(ended, nowMs, rules.leewaySeconds, rules.maxAgeSeconds);
  if (reason) return reason;
  // Both were just checked.
  const { exp, iat } = ended as { readonly exp: number; readonly iat?: number };
  return { claims, exp, ...(iat !== undefined && { iat }) };
}

/** With a second client, a provider might get a token of another one. */
function onlyClient({ configuration: { clients, pending } }: VerdictCache): OidcClient | undefined {
  const [client, second] = clients;
  return second === undefined && pending.length === 0 ? client : undefined;
}

async function isApiToken({ kysely }: Database, digest: string): Promise<boolean> {
  const current = await kysely.selectFrom("api_tokens").select("id").where("digest", "=", digest).executeTakeFirst();
  if (current) return true;
  const retired = kysely.selectFrom("api_token_retired").select("token_id").where("digest", "=", digest);
  return (await retired.executeTakeFirst()) !== undefined;
}
