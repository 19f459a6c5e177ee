import type { CheckName } from "../verifier/check-trace.js";
import type { UnavailableReason } from "../verifier/reasons.js";

/** What a check asks, for a table, and one line how to fix what fails it. */
interface CheckText {
  readonly asks: string;
  readonly fix: string;
}

const check = (asks: string, fix: string): CheckText => ({ asks, fix });

const sendToken = "have the program send the access token that it got, unchanged";
const signIn = "write `sign_in` for the user of that name, if this person may sign in as it";
const rotate = "give the token a new value: `vtb-setup token rotate`, or in its file";

/** Every check of the verifier, by the reason that a log has where it fails. */
export const checkTexts: Readonly<Record<CheckName, CheckText>> = {
  // The header.
  no_credentials: check("credentials", "send `Token KEY` or `Bearer TOKEN`"),
  several_credentials: check("one credential", "send one credential without spaces in it"),
  several_headers: check("one header", "send one Authorization header: look for a proxy that adds its own"),
  scheme_not_accepted: check("scheme", "send the scheme that the route accepts"),
  invalid_characters: check(
    "characters",
    "send printable ASCII alone: look for a quote or line break that was copied along",
  ),
  too_long: check("length", "send a shorter header: have the provider put less into the token"),
  // API tokens.
  mistyped: check("checksum", "copy the whole token again: a character of it is wrong or missing"),
  unknown_token: check(
    "known token",
    "look for the token with `vtb-setup token list`: it may be of another database, or replaced",
  ),
  revoked: check("not revoked", `a revoked value never works again: ${rotate}`),
  disabled: check("enabled", "`vtb-setup token enable`, or write `enabled: true` in its file"),
  grace_ended: check(
    "not replaced",
    "have the program send the new value: this one was replaced, and its grace period is over",
  ),
  expired: check("not expired", "write a later `expires_at`, or rotate the token"),
  not_yet_valid: check("already valid", "wait, or write an earlier `valid_from`"),
  lifetime_ended: check("max_lifetime", rotate),
  unused: check("unused_after", rotate),
  source_not_allowed: check("address", "say with --source which address the request comes from"),
  inactive_user: check("active user", "`vtb-setup user activate`, or write `is_active: true` in the user's file"),
  unknown_user: check("user", "create the user, or let the verifier create users"),
  // The form of bearer tokens.
  malformed: check("form", sendToken),
  malformed_header: check("form of the header", sendToken),
  malformed_payload: check("form of the claims", sendToken),
  unsupported_header: check("header", "have the provider sign without this member"),
  encrypted_token: check("not encrypted", "have the provider sign access tokens, and not encrypt them"),
  api_token: check("scheme", "it is an API token: send `Token` before it instead of `Bearer`"),
  wrong_type: check("type", "send an access token: `typ` says that this is another kind"),
  id_token: check("access token", "send the access token instead of the ID token"),
  refresh_token: check("access token", "send the access token instead of the refresh token"),
  proof_of_possession: check(
    "not bound to a key",
    "turn off DPoP or certificate-bound tokens for this client at the provider",
  ),
  claim_missing: check("required claims", "have the provider issue access tokens as RFC 9068 says"),
  claim_malformed: check("types of claims", "correct the provider's mapper of this claim"),
  malformed_time: check("times", "have the provider send `exp` in seconds"),
  issued_in_future: check("clock", "correct the clock of the provider or of this machine"),
  too_old: check("age", "have the program get a new token more often"),
  // The client that it is for.
  wrong_issuer: check("issuer", "have the provider send `iss`"),
  unknown_issuer: check("issuer", "if it is the right provider, write this as its `oidc_op_issuer`, byte for byte"),
  not_configured: check(
    "client",
    "configure a client that accepts bearer tokens, and name it with --client unless it is api-oidc",
  ),
  weak_secret: check("client's secret", "generate a longer client secret: HS256 needs 32 bytes, HS384 48, HS512 64"),
  client_disabled: check("client enabled", "write `enabled: true` for the client"),
  wrong_algorithm: check(
    "algorithm",
    "write the algorithm of the token as `oidc_rp_sign_algo`, if the provider is to sign with it",
  ),
  wrong_audience: check(
    "audience",
    "have the provider put this API into `aud`, or write what is there as `oidc_audience`",
  ),
  subject_invalid: check("subject", "have the provider send a `sub` of printable characters"),
  // The signature.
  unknown_key: check("key", "get a new token; if that does not help, compare the provider's key set with `kid`"),
  bad_signature: check("signature", "get a new token: this one was changed, or signed with another key"),
  // What only the provider knows.
  no_introspection: check("introspection", "write `oidc_op_introspection_endpoint`, or have the provider issue JWTs"),
  token_inactive: check("active at the provider", "get a new token; see that the client may ask about it"),
  introspection_invalid: check("introspection", "check `oidc_op_introspection_endpoint`"),
  userinfo_refused: check("userinfo", "ask for the scope `openid`, or write `userinfo_claims_source: id_token`"),
  userinfo_invalid: check("userinfo", "check `oidc_op_user_endpoint`"),
  userinfo_mismatch: check("userinfo", "check `oidc_op_user_endpoint`: it answers about another person"),
  // The user.
  username_missing: check(
    "username in the claims",
    "let the provider send this claim, or change `claim_mappings.username`",
  ),
  username_invalid: check("username", "map a claim with a printable name to `username`"),
  email_unverified: check("verified address", "verify the address at the provider, or map another claim to `username`"),
  claim_invalid: check("types of claims", "have the provider send this claim with the type that its field needs"),
  groups_overage: check(
    "groups",
    "limit the groups that the provider sends, or write `groups_settings.on_overage: keep`",
  ),
  username_taken: check(
    "user of the person",
    "unlink the user (`vtb-setup user unlink`), or map a claim that is unique to `username`",
  ),
  username_ambiguous: check("one user", "rename one of the users whose names differ only in case"),
  username_confusable: check("plain name", "change the name at the provider: it looks like another user's"),
  username_of_service: check("user of a person", "change the name at the provider: a token's user has it"),
  username_of_emergency: check("user may sign in", signIn),
  sign_in_missing: check("user may sign in", signIn),
  sign_in_of_another: check("user may sign in", signIn),
};

/** What to do where the same reason means something else of a bearer token. */
export const bearerFixes: Readonly<Partial<Record<CheckName, string>>> = {
  expired: "have the program get a new token, or look at the clocks",
  not_yet_valid: "look at the clocks of the provider and of this machine",
};

/** What to do where nothing could be decided. */
export const unavailableFixes: Readonly<Record<UnavailableReason | "database", string>> = {
  database: "check that the database answers",
  database_busy: "try again",
  closed: "try again",
  keys_unavailable: "check that the provider's key set can be reached from here",
  provider_unavailable: "check that the provider's discovery document can be reached from here",
  userinfo_unavailable: "check that the provider's userinfo endpoint can be reached from here",
  introspection_unavailable: "check that the provider's introspection endpoint can be reached from here",
};
