import { andThen, type MaybePromise } from "../../maybe-promise.js";
import type { OidcClient } from "../../oidc/client.js";
import { createJwsParser } from "../../oidc/jwt/jws.js";
import type { KnownProvider } from "../../oidc/provider.js";
import { checkSignature, type KeySource, unknownKey } from "../../oidc/provider-keys.js";
import { secondsUntil } from "../../oidc/remote-document.js";
import { readExternalIdentity } from "../../users/external-identity.js";
import { endOfToken, hasIdTokenMark, mayBeIdToken, type TokenRules, verifyAccessToken } from "./access-token.js";
import { chooseClient } from "./choose-client.js";
import { describeKey, describeRejection, describeUnreadable, type RejectedToken } from "./describe-rejection.js";
import { encryptedDetails, isEncrypted, isOpaque, onlyProvider, type VerifyOpaqueToken } from "./opaque-token.js";
import type { AskUserinfo, BearerRequest, ProvisionFromClaims } from "./provision.js";
import { keepFailure, reject, type Verdict, type VerdictCache, verdictOf } from "./verdict.js";

export interface VerifyCredentialOptions {
  readonly provisionFromClaims: ProvisionFromClaims;
  readonly askUserinfo: AskUserinfo;
  readonly verifyOpaqueToken: VerifyOpaqueToken;
  readonly now: () => number;
  readonly rules: TokenRules;
}

export type VerifyCredential = (cache: VerdictCache, request: BearerRequest, nowMs: number) => MaybePromise<Verdict>;

/** Verifies a credential that is not in the cache; synchronous if that needs no request or write. */
export function createVerifyCredential({
  provisionFromClaims,
  askUserinfo,
  verifyOpaqueToken,
  now,
  rules,
}: VerifyCredentialOptions): VerifyCredential {
  const parse = createJwsParser();

  return (cache, request, nowMs) => {
    const jws = parse(request.credential);
    if (jws.kind === "rejected") {
      const isUnreadable = isEncrypted(request.credential);
      const mayBeKnown = !rules.isStrict && (isUnreadable || isOpaque(request.credential));
      if (!mayBeKnown) {
        return isUnreadable
          ? reject("encrypted_token", encryptedDetails)
          : reject(jws.reason, describeUnreadable(jws.reason, request.credential, jws.member));
      }
      const provider = onlyProvider(cache);
      return provider ? awaitProvider(provider) : verifyOpaqueToken(cache, request, nowMs);
    }
    const { configuration } = cache;
    const { header, claims } = jws;
    const rejected = (clients: readonly OidcClient[], keys?: KeySource): RejectedToken => ({
      ...{ header, claims, nowMs, rules, configuration, clients },
      ...(keys && { keys }),
    });
    const reason = verifyAccessToken(jws, nowMs, rules);
    if (reason) return reject(reason, describeRejection(reason, rejected([])));
    if (hasIdTokenMark(jws, configuration.acceptsAtHash)) return rejectIdToken(rejected([]));
    const choice = chooseClient(configuration, jws, rules);
    if (choice.kind === "pending") return awaitProvider(choice.provider);
    if (choice.kind === "rejected")
      return reject(choice.reason, describeRejection(choice.reason, rejected(choice.clients)));
    const { client, access } = choice;
    if (hasIdTokenMark(jws, client.acceptsAtHash)) return rejectIdToken(rejected([client]));
    // Both were checked above.
    const times = jws.claims as { readonly iss: string; readonly exp: number; readonly iat?: number };
    // Before any request: each one, and each cache entry, is about a subject.
    const identity = readExternalIdentity(times.iss, jws.claims, client.names);
    if (!identity) return reject("subject_invalid", describeRejection("subject_invalid", rejected([client])));
    // A client that acts in its own name has no userinfo.
    const asksUserinfo = client.asksUserinfo && !identity.isClient;
    if (!asksUserinfo && mayBeIdToken(client, jws)) return rejectIdToken(rejected([client]));
    return andThen(checkSignature(jws, access.algorithm, access.keys, now), (checked) => {
      if (checked.kind === "unavailable") return verdictOf({ ...checked, found: describeKey(header) }, now());
      if (checked.kind === "rejected") {
        const details = describeRejection(checked.reason, rejected([client], access.keys));
        return checked === unknownKey ? reject(checked.reason, details) : keepFailure(checked.reason, now(), details);
      }
      const endsAtMs = endOfToken(times, rules);
      // Written out, because spreading objects is expensive here.
      const verified = {
        client,
        identity,
        tokenClaims: jws.claims,
        claims: jws.claims,
        digest: request.digest,
        issuedAtMs: times.iat === undefined ? undefined : times.iat * 1000,
        reliableUntilMs: Math.min(endsAtMs, access.keys.reliableUntilMs()),
      };
      if (!asksUserinfo) return provisionFromClaims(cache, verified);
      return askUserinfo(cache, { verified, issuer: times.iss, access, request, keepUntilMs: endsAtMs });
    });
  };

  /** The discovery document replaces the configuration, under which `authenticate` repeats the verification. */
  async function awaitProvider(provider: KnownProvider): Promise<Verdict> {
    await provider.resolve();
    const retryAfterSeconds = secondsUntil(provider.retryAtMs(), now());
    const found = `no discovery document of ${provider.issuer}`;
    return {
      outcome: { kind: "unavailable", reason: "provider_unavailable", retryAfterSeconds, found },
      keepUntilMs: 0,
    };
  }
}

/** Dex's access tokens are indistinguishable from its ID tokens. */
const dexHint = "Dex: login only, unless the client has accept_at_hash: true";

function rejectIdToken(token: RejectedToken): Verdict {
  const details = describeRejection("id_token", token);
  return reject("id_token", Object.hasOwn(token.claims, "at_hash") ? { ...details, hint: dexHint } : details);
}
