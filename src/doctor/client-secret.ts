import { randomBytes } from "node:crypto";
import { parseUrl } from "../characters.js";
import { isInsecure } from "../oidc/check-metadata.js";
import { parseJsonObject } from "../oidc/jwt/json-object.js";
import { basicCredentials, describeAnswer, fetchDocument, type WholeAnswer } from "../oidc/remote-document.js";
import { isSecret, Secret } from "../secrets/secret.js";
import type { ProviderContext } from "./context.js";
import { clientSubject, type Finding, failure, ok } from "./finding.js";
import { reportUnanswered } from "./network.js";
import type { OpenIdClient } from "./openid.js";

/** Whether the provider accepts the secret of each client, as far as its token endpoint shows. */
export async function checkClientSecret(context: ProviderContext): Promise<readonly Finding[]> {
  const results = await Promise.all(context.clients.map((client) => trySecret(context, client)));
  return results.flat();
}

async function trySecret(
  { provider, found, fetch }: ProviderContext,
  { entry: { key, attributes, range }, secretGoesTo }: OpenIdClient,
): Promise<readonly Finding[]> {
  const check = "secret";
  const subject = clientSubject(key);
  const { client_id: clientId, client_secret: secret } = attributes;
  const url = provider.attributes.token_endpoint;
  if (!clientId || !isSecret(secret) || secret.reveal() === "") return [];
  // It goes to its token endpoint alone, and never where others can read it.
  if (typeof url !== "string" || !parseUrl(url) || isInsecure(url)) return [];
  if (secretGoesTo !== undefined && secretGoesTo !== url) return [];
  // Others on the network could have put another server into a discovery document over http.
  const isDiscovered = found?.tokenEndpoint === url;
  if (isDiscovered && isInsecure(String(provider.attributes.discovery_endpoint))) return [];
  const usesBasicAuth = provider.attributes.token_use_basic_auth === true;
  const ask = (tried: Secret) =>
    fetchDocument(fetch, url, {
      headers: {
        accept: "application/json",
        ...(usesBasicAuth && { authorization: basicCredentials(clientId, tried).reveal() }),
      },
      form: {
        grant_type: "client_credentials",
        ...(!usesBasicAuth && { client_id: clientId, client_secret: tried.reveal() }),
      },
    });
  const answer = await ask(secret);
  const position = range?.position;
  if (answer.kind === "failed" || answer.status >= 500) {
    const hint = "check `oidc_op_token_endpoint`, or what the provider's discovery document says";
    return reportUnanswered(subject, check, answer, { url, code: "ENDPOINT_MISSING", hint, position });
  }
  let verdict = judge(answer);
  if (verdict === "unclear") {
    // The error of a grant that the client may not use comes before the secret is looked at, or after that: a wrong one shows which.
    const wrong = await ask(new Secret(randomBytes(24).toString("base64url")));
    if (wrong.kind === "answer") verdict = compare(answer, wrong);
  }
  if (verdict === "accepted") return [ok(subject, check, "accepted")];
  const said = describeAnswer(answer, [secret.reveal()]);
  if (verdict === "unclear") return [ok(subject, check, `can't be tried (${said})`)];
  return [
    failure(subject, check, {
      code: "CLIENT_REFUSED",
      message: `the provider rejects the client's id and secret (${said})`,
      hint: "write the secret that the provider has now, and see that the client exists and is enabled there",
      position,
    }),
  ];
}

type Verdict = "accepted" | "rejected" | "unclear";

function judge(answer: WholeAnswer): Verdict {
  if (answer.status === 200) return "accepted";
  const error = errorOf(answer);
  // RFC 6749 §5.2. Keycloak answers unauthorized_client for both: a wrong secret, and a grant that the client may not use.
  return error?.code === "invalid_client" ? "rejected" : "unclear";
}

/** Compares the answer for the secret with that for a wrong one. */
function compare(answer: WholeAnswer, toWrong: WholeAnswer): Verdict {
  const [own, other] = [errorOf(answer), errorOf(toWrong)];
  if (!own) return "unclear";
  const isSame = answer.status === toWrong.status && own.code === other?.code && own.text === other.text;
  if (!isSame) return other ? "accepted" : "unclear";
  const isAboutSecret = answer.status === 401 && /secret|credential|authenticat/i.test(own.text);
  return own.code === "unauthorized_client" && isAboutSecret ? "rejected" : "unclear";
}

function errorOf({ body }: WholeAnswer): { readonly code: string; readonly text: string } | undefined {
  const { error, error_description: text } = parseJsonObject(body) ?? {};
  return typeof error === "string" ? { code: error, text: typeof text === "string" ? text : "" } : undefined;
}
