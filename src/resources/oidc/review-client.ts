import type { ConfigPath, Remark } from "../../config/step.js";
import { algorithms, minSecretBytes } from "../../oidc/jwt/algorithm.js";
import { refusal, warning } from "../remark.js";
import { completeOptions } from "./complete-options.js";
import { isKnownClient } from "./identifier.js";
import type { PresentClient } from "./step-schema.js";
import { reviewSignKey } from "./step-sign-key.js";

export function reviewClient(client: PresentClient, path: ConfigPath): readonly Remark[] {
  return [
    ...reviewIdentifier(client, path),
    ...reviewScopes(client, path),
    ...reviewSecret(client, path),
    ...reviewSignKey(client, path),
    ...reviewOptions(client, path),
    ...reviewUnverifiedEmail(client, path),
    ...reviewAtHash(client, path),
  ];
}

function reviewIdentifier({ identifier }: PresentClient, path: ConfigPath): readonly Remark[] {
  if (isKnownClient(identifier)) return [];
  const message = "this is neither `admin-oidc` nor `api-oidc`, so it is used only where code asks for it by name";
  const hint = "write one of the two, unless a login or verifier of your own asks for this identifier";
  return [warning("UNKNOWN_CLIENT_IDENTIFIER", [...path, "identifier"], message, hint)];
}

function reviewScopes({ oidc_rp_scopes_list: scopes }: PresentClient, path: ConfigPath): readonly Remark[] {
  // They are sent with spaces between them, so one entry may hold several.
  if (scopes.some((scope) => scope.split(" ").includes("openid"))) return [];
  const message = "without the scope `openid`, a provider gives no ID token";
  return [warning("MISSING_OPENID_SCOPE", [...path, "oidc_rp_scopes_list"], message, "add `openid` to the scopes")];
}

/** Whoever has one token that was signed with a short secret can find it by trying, and make tokens of his own. */
function reviewSecret(client: PresentClient, path: ConfigPath): readonly Remark[] {
  const algorithm = algorithms.get(client.oidc_rp_sign_algo);
  const least = algorithm ? minSecretBytes(algorithm) : 0;
  if (Buffer.byteLength(client.oidc_rp_client_secret.reveal()) >= least) return [];
  const { oidc_rp_sign_algo: name } = client;
  const message = `${name} signs with this secret, which must have at least ${least} bytes for it (RFC 7518 §3.2)`;
  const hint =
    "make a longer secret at the provider, such as by `openssl rand -hex 32`; or have it sign with RS256, and write that as `oidc_rp_sign_algo`";
  // Nobody comes in through a client that is not enabled.
  const remark = client.enabled ? refusal : warning;
  return [remark("INVALID_VALUE", [...path, "oidc_rp_client_secret"], message, hint)];
}

function reviewOptions(client: PresentClient, path: ConfigPath): readonly Remark[] {
  const { defaulted, empty } = completeOptions(client);
  const left = empty.map((field) => {
    const message = "nothing is written here, so this counts as left out";
    return warning("IGNORED_FIELD", [...path, "options", ...field], message, "write a value, or remove the line");
  });
  if (defaulted.length === 0) return left;
  const message = `\`options\` lacks ${defaulted.map((part) => `\`${part}\``).join(", ")}: the documented defaults are used`;
  const place = client.options === undefined ? path : [...path, "options"];
  return [
    ...left,
    warning("OPTIONS_DEFAULTED", place, message, "write these parts out, so that the file says who may do what"),
  ];
}

function reviewUnverifiedEmail(client: PresentClient, path: ConfigPath): readonly Remark[] {
  const user = client.options?.user_settings;
  if (user?.allow_unverified_email !== true || user.claim_mappings?.username?.at(-1) === "email") return [];
  const place = [...path, "options", "user_settings", "allow_unverified_email"];
  const message = "this has no effect: the username is not the claim `email`";
  return [warning("IGNORED_FIELD", place, message, "remove it")];
}

function reviewAtHash(client: PresentClient, path: ConfigPath): readonly Remark[] {
  if (!client.accept_at_hash) return [];
  const message = "tokens with `at_hash` are taken for access tokens, so this client's ID tokens get in as well";
  const hint = "remove it, unless the provider is Dex, whose access tokens can't be told from its ID tokens";
  return [warning("ID_TOKENS_ACCEPTED", [...path, "accept_at_hash"], message, hint)];
}
