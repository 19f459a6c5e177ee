import { readerOf } from "../oidc/client.js";
import type { JsonObject } from "../oidc/jwt/json-object.js";
import { digestToken } from "../secrets/token.js";
import type { ClaimsAge } from "../users/applied-claims.js";
import { kindOf } from "../users/claim-values.js";
import type { VerifiedIdToken } from "./check-id-token.js";
import { fault, type LoginClient, type LoginFault } from "./login-client.js";
import type { Tokens } from "./openid-client.js";

/** The claims that the user is made of: the ID token's, or what the provider says of the access token's user. With their age. */
export async function readClaims(
  { oidc, access, provider }: LoginClient,
  { claims }: VerifiedIdToken,
  { accessToken, idToken }: Tokens,
): Promise<{ readonly kind: "claims"; readonly claims: JsonObject; readonly age: ClaimsAge } | LoginFault> {
  // It was looked at with the token.
  const issuedAtMs = Number(claims.iat) * 1000;
  const age = { issuedAtMs, saidAtMs: issuedAtMs, token: digestToken(idToken) };
  if (!oidc.asksUserinfo) return { kind: "claims", claims, age };
  if (!provider.userinfo) return fault("not_configured", "no_userinfo_endpoint");
  const answer = await provider.userinfo.ask({
    credential: accessToken.reveal(),
    digest: digestToken(accessToken),
    // It comes from the provider itself, whoever signs in.
    source: "",
    reader: readerOf(oidc, access),
    // Each login hears it anew.
    keepUntilMs: 0,
  });
  if (answer.kind === "unavailable") {
    return fault("provider_unavailable", "userinfo_unavailable", { found: answer.found ?? "it failed a moment ago" });
  }
  if (answer.kind === "refused") {
    const reason = answer.reason === "userinfo_refused" ? answer.reason : "userinfo_invalid";
    return fault("identity_unverified", reason, answer.found === undefined ? {} : { found: answer.found });
  }
  // OpenID Connect Core §5.3.2: otherwise it speaks of somebody else.
  if (answer.claims.sub !== claims.sub) {
    const found = typeof answer.claims.sub === "string" ? "another `sub`" : `\`sub\` is ${kindOf(answer.claims.sub)}`;
    return fault("identity_unverified", "userinfo_mismatch", { found, expected: "the ID token's `sub`" });
  }
  return { kind: "claims", claims: answer.claims, age: { ...age, saidAtMs: answer.readAtMs } };
}
