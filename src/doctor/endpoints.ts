import { parseUrl } from "../characters.js";
import { isInsecure } from "../oidc/check-metadata.js";
import { fetchDocument, type RemoteRequest } from "../oidc/remote-document.js";
import { loginClient } from "../resources/kinds.js";
import type { ProviderContext } from "./context.js";
import { type Finding, failure, ok, warning } from "./finding.js";
import { reportUnanswered } from "./network.js";

const urls = [
  "issuer",
  "discovery_endpoint",
  "authorization_endpoint",
  "token_endpoint",
  "userinfo_endpoint",
  "introspection_endpoint",
  "jwks_endpoint",
  "logout_endpoint",
] as const;

/** Endpoints on http, where others on the network can read and change what is sent. */
export function checkInsecureUrls({ subject, provider: { attributes, range } }: ProviderContext): readonly Finding[] {
  const open = urls.filter((name) => {
    const url = attributes[name];
    return typeof url === "string" && parseUrl(url) !== undefined && isInsecure(url);
  });
  if (open.length === 0) return [ok(subject, "url", "https, or on this machine")];
  const message = `others on the network can read and change what is sent to its ${open.join(", ")}: http on another host`;
  const position = range?.position;
  return [warning(subject, "url", { code: "INSECURE_URL", message, hint: "use https", position })];
}

/** Whether the userinfo endpoint is there, if a client asks it; it is asked without a token. */
export function checkUserinfo(context: ProviderContext): Promise<readonly Finding[]> | readonly Finding[] {
  const isNeeded = context.clients.some(({ entry }) => entry.attributes.userinfo_claims_source === "userinfo_endpoint");
  const request = { headers: { accept: "application/json, application/jwt" } };
  return isNeeded ? checkThere(context, "userinfo", "oidc_op_user_endpoint", request) : [];
}

/** Whether the introspection endpoint is there, if a client guards an API; it is asked without a token and without a secret. */
export function checkIntrospection(context: ProviderContext): Promise<readonly Finding[]> | readonly Finding[] {
  const isNeeded = context.clients.some(({ entry }) => entry.key !== loginClient);
  const request = { headers: { accept: "application/json" }, form: { token: "" } };
  return isNeeded ? checkThere(context, "introspection", "oidc_op_introspection_endpoint", request) : [];
}

/** The statuses of a server that has nothing there, or nothing that takes this method. */
const missing: ReadonlySet<number> = new Set([404, 405, 410, 501]);

async function checkThere(
  { subject, provider, fetch }: ProviderContext,
  check: "userinfo" | "introspection",
  field: string,
  request: RemoteRequest,
): Promise<readonly Finding[]> {
  const url = provider.attributes[`${check}_endpoint`];
  if (typeof url !== "string") return [];
  const position = provider.range?.position;
  const hint = `check \`${field}\`, or what the provider's discovery document says`;
  const answer = await fetchDocument(fetch, url, request);
  if (answer.kind === "answer" && missing.has(answer.status)) {
    const message = `${url} answered with status ${answer.status}`;
    return [failure(subject, check, { code: "ENDPOINT_MISSING", message, hint, position })];
  }
  if (answer.kind === "failed" || answer.status >= 500) {
    return reportUnanswered(subject, check, answer, { url, code: "ENDPOINT_MISSING", hint, position });
  }
  return [ok(subject, check, url)];
}
