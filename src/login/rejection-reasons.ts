import type { RefusalCode } from "./refusal-codes.js";

const register =
  "compare the client's registration at the provider with `oidc_rp_client_id` and this server's redirect URI";
const anotherTry =
  "ignore it if it happens once; if every login fails, look for a proxy that changes or repeats requests";
const codeFlow = "enable the authorization code flow, with responses in the query, for the client at the provider";
const clocks = "compare the clocks of this server and the provider; `leewaySeconds` tolerates a larger difference";
const tokenEndpoint = "check `oidc_op_token_endpoint`, and any proxy between this server and the provider";
const ask = "allow the provider to prompt the user: something requests a login without a prompt";
const providerLog = "look up the error in the provider's log and documentation";
const mixed =
  "ignore it if it happens once: the response was tampered with; if every login fails, check how the provider creates the token";

/**
 * Why a login is rejected, by the page that it ends with: stable reasons, each with a hint for the operator who reads the log.
 * A rejection that knows more has its own hint.
 */
export const rejectionReasons = {
  state_invalid: {
    no_state:
      "ignore it if a user opened the callback's address; if the provider sent the user there, it must return `state`",
    unknown_state:
      "the browser is another one or blocks cookies, or the login started over a day ago, or on another host than that of `redirectUri`",
    cookie_forged:
      "use the same `sessionSecret`, or sealing key, in every process; a change of it ends the logins under way",
    other_client: "use a separate redirect URI for each client with a login on this host",
    wrong_state: anotherTry,
  },
  state_expired: {
    state_expired: "no action needed: the login page was open for too long, and the user can start again",
    authentication_expired: "check the provider's timeouts: it expired the same login repeatedly",
  },
  state_used: {
    state_replayed:
      "ignore it if a user went back or reloaded the page; if every login fails, look for a proxy that repeats requests",
  },
  callback_invalid: {
    no_url: "pass the request's URL, or its path and query, to `finish`",
    ambiguous: anotherTry,
    too_long: anotherTry,
    no_code: codeFlow,
  },
  issuer_mismatch: {
    provider_changed: "no action needed: the provider's issuer changed during a login",
    wrong_issuer_parameter:
      "ignore it if it happens once: it may be a mix-up attack with another provider; if every login fails, correct `oidc_op_issuer`",
    no_issuer_parameter:
      "the provider's discovery document promises `iss` in every response: look for a proxy that removes it",
  },
  code_refused: {
    invalid_grant:
      "ignore it if it happens once: a code is short-lived and works once; if every login fails, compare the redirect URI, `oidc_use_pkce` and the clocks",
  },
  provider_refused: {
    access_denied: "ignore it if the user cancelled; otherwise, allow the user to use the client at the provider",
    login_required: ask,
    consent_required: "grant consent for the client at the provider, or allow it to prompt the user",
    interaction_required: ask,
    account_selection_required: ask,
    unmet_authentication_requirements:
      "set up the authentication method that the provider requires for this client and user",
  },
  provider_failed: {
    server_error: "check the provider's log: it reports that it failed",
    unknown_error: providerLog,
    token_request_refused: providerLog,
    token_endpoint_failed: "check the provider's log: its token endpoint failed",
    token_answer_invalid: tokenEndpoint,
  },
  configuration_rejected: {
    invalid_request: register,
    invalid_client: "compare `oidc_rp_client_id` and `oidc_rp_client_secret` with the client at the provider",
    unauthorized_client: codeFlow,
    unsupported_response_type: codeFlow,
    unsupported_response_mode: codeFlow,
    unsupported_grant_type: codeFlow,
    invalid_scope:
      "allow the scopes of `oidc_rp_scopes_list` for the client at the provider, or remove those that it does not know",
    invalid_target: "do not require a resource (RFC 8707) for the client at the provider: this login sends none",
    request_not_supported: register,
    request_uri_not_supported: register,
    invalid_request_object:
      "do not require signed requests (JAR) for the client at the provider: this login sends none",
    invalid_request_uri:
      "do not require pushed authorization requests (PAR) for the client at the provider: this login sends none",
    registration_not_supported: register,
  },
  provider_unavailable: {
    provider_unavailable:
      "check that this server can reach the provider: host name, port, network policies, certificate (`oidc_op_ca_file`)",
    temporarily_unavailable: "wait, and check the provider's load and maintenance",
    token_endpoint_unavailable: "check that this server, not only browsers, can reach `oidc_op_token_endpoint`",
    keys_unavailable:
      "check that this server, not only browsers, can reach `oidc_op_jwks_endpoint`; a `provider_failed` event has the cause",
    userinfo_unavailable:
      "check that this server can reach `oidc_op_user_endpoint`, or take the claims from the ID token (`userinfo_claims_source: id_token`)",
  },
  identity_unverified: {
    no_id_token: "add `openid` to `oidc_rp_scopes_list`, and check that the provider issues ID tokens to the client",
    too_long:
      "configure the provider to put fewer claims, such as groups, into the ID token, and take them from userinfo",
    malformed: "configure the provider to sign the client's ID tokens, and not to encrypt them",
    malformed_header: "configure the provider to sign the client's ID tokens, and not to encrypt them",
    malformed_payload: providerLog,
    unsupported_header:
      "configure the provider to sign the client's ID tokens without extensions, encryption or compression",
    wrong_algorithm: "set `oidc_rp_sign_algo` to the algorithm with which the provider signs the client's ID tokens",
    wrong_type: "check that the provider's `id_token` is an ID token",
    bad_signature:
      "if every login fails, check `oidc_op_jwks_endpoint` or `oidc_rp_idp_sign_key`, or for HS256 to HS512 the client's secret",
    unknown_key: "check that `oidc_op_jwks_endpoint` is this provider's, and has keys for `oidc_rp_sign_algo`",
    wrong_issuer: "set `oidc_op_issuer` to the `iss` of the provider's tokens, byte for byte",
    wrong_audience: "configure the provider to write `oidc_rp_client_id` into `aud`, alone or with `azp`",
    malformed_time: "configure the provider to write `exp` and `iat` as numbers of seconds",
    expired: clocks,
    not_yet_valid: clocks,
    issued_in_future: clocks,
    wrong_nonce: "if every login fails, write `oidc_use_nonce: false` for a provider without nonces",
    wrong_at_hash: mixed,
    wrong_c_hash: mixed,
    subject_invalid: "configure the provider to write the user's `sub` as a string; a client can't sign in here",
    userinfo_refused:
      "configure the provider's userinfo endpoint to accept the access token, or take the claims from the ID token (`userinfo_claims_source: id_token`)",
    userinfo_invalid: "check `oidc_op_user_endpoint`, and with which key and algorithm its responses are signed",
    userinfo_mismatch: "configure the provider to return the same `sub` at userinfo as in the ID token",
  },
  sign_in_not_fresh: {
    auth_time_missing:
      "configure the provider to write `auth_time` into the client's ID tokens (Entra: an optional claim), and to honour `prompt` and `max_age`",
    auth_time_malformed: "configure the provider to write `auth_time` as a number of seconds since 1970",
    auth_time_in_future: clocks,
    before_prompt:
      "configure the provider to honour `prompt=login`: it did not ask the user to sign in; otherwise, compare the clocks",
    too_long_ago:
      "no action needed if the user left the provider's page open; otherwise, configure the provider to honour `max_age`, and compare the clocks",
  },
  user_refused: {
    username_missing:
      "configure the provider to send the claim (a mapper, a scope), or write another one as `claim_mappings.username`",
    username_invalid: "write a claim that is a string of printable characters as `claim_mappings.username`",
    email_unverified:
      "configure the provider to verify addresses, use another claim for the username, or write `allow_unverified_email: true` if users can't choose their address",
    claim_invalid: "configure the provider to send the claim in its field's type, or remove it from `claim_mappings`",
    username_taken: "the username belongs to another user of a provider: change one of them there",
    username_ambiguous: "several usernames differ only in case: rename all but one",
    username_confusable:
      "the username looks like an administrator's: declare the user in a file if it is legitimate, or rename it at the provider",
    username_of_service: "the username belongs to a service user: change the user's name at the provider",
    username_of_emergency:
      "the username belongs to an emergency account: use another name for this user, or write `sign_in` for the account",
    unknown_user: "declare the user in a file",
  },
  groups_overage: {
    groups_overage: "configure the provider to send fewer groups, or write `groups_settings.on_overage: keep`",
  },
  user_not_linked: {
    sign_in_missing: "if it is the same person, write `sign_in: {provider: …}` for this user in the file",
    sign_in_of_another: "if it is the same person, correct the provider or subject in this user's `sign_in`",
  },
  user_inactive: {
    inactive_user:
      "no action needed, unless the user should have access again: then write `is_active: true` in its file, or run vtb-setup user activate where a command deactivated it",
    unknown_user: "no action needed: the user was deleted during the login",
  },
  user_not_staff: {
    not_staff:
      "if the user may use these pages, write `is_staff: true` for the user, or `make_users_staff: true` for the client",
  },
  client_disabled: { client_disabled: "write `enabled: true` for the client to allow logins" },
  not_configured: {
    trial_unknown:
      "start the trial again: a client that is not saved is only known to the process that it was given to, which keeps the last 100",
    unknown_client: "apply a file with this client, or pass another one as the option `client`",
    client_incomplete: "write the missing fields, or a discovery endpoint that supplies them",
    client_unusable: "correct the client in the file, and apply it",
    weak_secret: "set a longer client secret at the provider and in the file, or sign with RS256",
    no_userinfo_endpoint:
      "write `oidc_op_user_endpoint`, or take the claims from the ID token (`userinfo_claims_source: id_token`)",
  },
  password_refused: {
    too_long: "no action needed: no account has a username or password of this length",
    unknown_user: "no action needed, unless it happens repeatedly: then restrict who can reach the form",
    no_password: "set a password if this is an emergency account; other users log in through the provider",
    user_of_provider: "no action needed: a user who has signed in through the provider must log in there",
    not_superuser: "no action needed: while others sign in through the provider, passwords are for superusers alone",
    wrong_password: "no action needed, unless it happens repeatedly: then restrict who can reach the form",
  },
  too_many_attempts: {
    too_many_attempts: "restrict who can reach the form; the limit ends after five minutes",
    too_many_at_once: "restrict who can reach the form: at most four passwords are verified at once",
  },
} as const satisfies Readonly<Record<RefusalCode, Readonly<Record<string, string>>>>;

/** The reasons of one page or several. */
export type ReasonOf<C extends RefusalCode> = C extends RefusalCode
  ? keyof (typeof rejectionReasons)[C] & string
  : never;
