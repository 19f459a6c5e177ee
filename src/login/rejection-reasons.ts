import type { RefusalCode } from "./login.js";

const register = "compare the client at the provider with `oidc_rp_client_id` and the redirect URI of this server";
const anotherTry =
  "nothing to do where it happens once; at every login, look for what sends or changes requests on the way";
const codeFlow = "allow the client the authorization code flow at the provider, with answers in the query";
const clocks = "compare the clocks of this server and the provider; `leewaySeconds` allows for more";
const tokenEndpoint = "check `oidc_op_token_endpoint`, and what stands between this server and the provider";
const ask = "let the provider ask the person what it needs to: something told it to ask nothing";
const providerLog = "look for the error in the provider's log and documentation";
const mixed =
  "nothing to do where it happens once: the answer was tampered with; at every login, look at what the provider does to the token";

/**
 * Why a login fails, by the page it ends with: stable words, and what an operator who finds one in a log can do. A refusal
 * that knows more has its own hint.
 */
export const rejectionReasons = {
  state_invalid: {
    no_state:
      "nothing to do where somebody opened the callback's address; if the provider sends people there, it must send `state` back",
    unknown_state:
      "another browser, one without cookies, a login that began over a day ago, or one that began at another host than that of `redirectUri`",
    cookie_forged: "give every process the same `sessionSecret`; logins that are under way while it changes are lost",
    other_client: "give each client that logs people in on this host a redirect URI of its own",
    wrong_state: anotherTry,
  },
  state_expired: {
    state_expired: "nothing to do: the page was left open, and links to a new login",
    authentication_expired: "look at the provider's limits of time: it ended the same login again and again",
  },
  state_used: {
    state_replayed:
      "nothing to do where somebody went back or loaded the page again; at every login, look for what sends requests twice",
  },
  callback_invalid: {
    no_url: "pass the request's URL, or its path and query, to `finish`",
    ambiguous: anotherTry,
    too_long: anotherTry,
    no_code: codeFlow,
  },
  issuer_mismatch: {
    provider_changed: "nothing to do: the provider's issuer was changed while somebody was logging in",
    wrong_issuer_parameter:
      "nothing to do where it happens once: somebody may have mixed two providers up on purpose; at every login, correct `oidc_op_issuer`",
    no_issuer_parameter:
      "the provider's discovery document promises `iss` on every answer: look for what takes it away",
  },
  code_refused: {
    invalid_grant:
      "nothing to do where it happens once: a code counts one time and shortly; at every login, compare the redirect URI, `oidc_use_pkce` and the clocks",
  },
  provider_refused: {
    access_denied:
      "nothing to do where the person gave up; otherwise allow this person to use the client at the provider",
    login_required: ask,
    consent_required: "give consent for the client at the provider, or let it ask the person",
    interaction_required: ask,
    account_selection_required: ask,
    unmet_authentication_requirements:
      "give the person the way of signing in that the provider demands for this client",
  },
  provider_failed: {
    server_error: "look into the provider's log: it says that it failed",
    unknown_error: providerLog,
    token_request_refused: providerLog,
    token_endpoint_failed: "look into the provider's log: its token endpoint failed",
    token_answer_invalid: tokenEndpoint,
  },
  configuration_rejected: {
    invalid_request: register,
    invalid_client: "compare `oidc_rp_client_id` and `oidc_rp_client_secret` with the provider's",
    unauthorized_client: codeFlow,
    unsupported_response_type: codeFlow,
    unsupported_response_mode: codeFlow,
    unsupported_grant_type: codeFlow,
    invalid_scope:
      "allow the client the scopes of `oidc_rp_scopes_list` at the provider, or take out those that it does not know",
    invalid_target: "do not demand a resource (RFC 8707) of the client at the provider: this login names none",
    request_not_supported: register,
    request_uri_not_supported: register,
    invalid_request_object: "do not demand signed requests (JAR) of the client at the provider: this login sends none",
    invalid_request_uri:
      "do not demand pushed authorization requests (PAR) of the client at the provider: this login sends none",
    registration_not_supported: register,
  },
  provider_unavailable: {
    provider_unavailable:
      "check that this server reaches the provider: name, port, network rules, certificate (`oidc_op_ca_file`)",
    temporarily_unavailable: "wait, and look at the provider's load and maintenance",
    token_endpoint_unavailable: "check that this server reaches `oidc_op_token_endpoint`: browsers don't use it",
    keys_unavailable:
      "check that this server reaches `oidc_op_jwks_endpoint`: browsers don't use it; a `provider_failed` event says what is wrong",
    userinfo_unavailable:
      "check that this server reaches `oidc_op_user_endpoint`, or take the claims from the ID token (`userinfo_claims_source: id_token`)",
  },
  identity_unverified: {
    no_id_token: "let `oidc_rp_scopes_list` hold `openid`, and the provider give the client an ID token",
    too_long: "let the provider put fewer claims into the ID token, such as groups, and take them from userinfo",
    malformed: "let the provider sign the client's ID tokens and not encrypt them",
    malformed_header: "let the provider sign the client's ID tokens and not encrypt them",
    malformed_payload: providerLog,
    unsupported_header: "let the provider sign the client's ID tokens without extensions, encryption or compression",
    wrong_algorithm: "let `oidc_rp_sign_algo` be what the provider signs the client's ID tokens with",
    wrong_type: "check that the provider's `id_token` is an ID token",
    bad_signature:
      "if it happens at every login, check `oidc_op_jwks_endpoint`, or `oidc_rp_idp_sign_key`, or with HS256 to HS512 the client's secret",
    unknown_key: "check that `oidc_op_jwks_endpoint` is this provider's, and that its keys are for `oidc_rp_sign_algo`",
    wrong_issuer: "let `oidc_op_issuer` be what the provider writes into its tokens, byte for byte",
    wrong_audience: "let the provider write `oidc_rp_client_id` into `aud`, alone or with `azp`",
    malformed_time: "let the provider write `exp` and `iat` as numbers of seconds",
    expired: clocks,
    not_yet_valid: clocks,
    issued_in_future: clocks,
    wrong_nonce: "if it happens at every login, let `oidc_use_nonce` be what the provider can do",
    wrong_at_hash: mixed,
    wrong_c_hash: mixed,
    subject_invalid: "let the provider write a person's `sub` as a text, and sign no client in here",
    userinfo_refused:
      "let the provider's userinfo endpoint take the access token, or take the claims from the ID token (`userinfo_claims_source: id_token`)",
    userinfo_invalid: "check `oidc_op_user_endpoint`, and what its answers are signed with",
    userinfo_mismatch: "let the provider give one person the same `sub` at userinfo and in the ID token",
  },
  user_refused: {
    username_missing:
      "let the provider give the claim (a mapper, a scope), or `claim_mappings.username` name another one",
    username_invalid: "let `claim_mappings.username` name a claim that is a text of printable characters",
    email_unverified:
      "let the provider verify addresses, take another claim for the username, or write `allow_unverified_email: true` where nobody can choose an address",
    claim_invalid:
      "let the provider give the claim in the type that its field takes, or take it out of `claim_mappings`",
    username_taken:
      "the user of this name belongs to another person at a provider: give one of them another username there",
    username_ambiguous: "several users have this name but for case: rename all but one",
    username_confusable:
      "the name looks like that of an administrator: declare the user in a file if it is right, or rename it at the provider",
    username_of_service: "the user of this name is a program's: give the person another username at the provider",
    username_of_emergency:
      "the user of this name is for emergencies: give the person another one, or write `sign_in` for it",
    unknown_user: "declare the user in a file",
  },
  groups_overage: {
    groups_overage: "let the provider send fewer groups, or write `groups_settings.on_overage: keep`",
  },
  user_not_linked: {
    sign_in_missing: "if it is the same person, write `sign_in: {provider: …}` for this user in the file",
    sign_in_of_another: "if it is the same person, correct the provider or subject in this user's `sign_in`",
  },
  user_inactive: {
    inactive_user: "nothing to do, unless the person is to come back: then write `is_active: true`",
    unknown_user: "nothing to do: the user was deleted a moment ago",
  },
  user_not_staff: {
    not_staff:
      "give the user `is_staff: true`, or let the client's `make_users_staff` do that, if the person may use these pages",
  },
  client_disabled: { client_disabled: "write `enabled: true` for the client if people are to log in" },
  not_configured: {
    unknown_client: "apply a file with this client, or let the option `client` name another one",
    client_incomplete: "write what is missing, or a discovery endpoint that knows it",
    client_unusable: "correct the client in the file, and apply it",
    weak_secret: "give the client a longer secret at the provider and in the file, or sign with RS256",
    no_userinfo_endpoint:
      "write `oidc_op_user_endpoint`, or take the claims from the ID token (`userinfo_claims_source: id_token`)",
  },
  password_refused: {
    too_long: "nothing to do: no account has such a name or password",
    unknown_user: "nothing to do, unless it is tried again and again: then look at who can reach the form",
    no_password: "give the user a password if it is for emergencies; otherwise it logs in at the provider",
    user_of_provider: "nothing to do: who has signed in at the provider logs in there",
    wrong_password: "nothing to do, unless it is tried again and again: then look at who can reach the form",
  },
  too_many_attempts: {
    too_many_attempts: "look at who can reach the form; the limit ends after five minutes",
    too_many_at_once: "look at who can reach the form: four passwords are verified at once",
  },
} as const satisfies Readonly<Record<RefusalCode, Readonly<Record<string, string>>>>;

/** The reasons of one page, or of several. */
export type ReasonOf<C extends RefusalCode> = C extends RefusalCode
  ? keyof (typeof rejectionReasons)[C] & string
  : never;
