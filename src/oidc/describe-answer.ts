import { quoteDescription, quoteForeign } from "./foreign-text.js";
import { parseJsonObject } from "./jwt/json-object.js";
import type { WholeAnswer } from "./remote-document.js";

/**
 * What a server says is wrong, for a log: its status, and the `error`, `error_description` and `WWW-Authenticate` of OAuth
 * (RFC 6749 §5.2, RFC 6750 §3).
 *
 * @param secrets what the request held, which the answer may quote
 */
export function describeAnswer(answer: WholeAnswer, secrets: readonly string[]): string {
  const { status, contentType, header, body } = answer;
  const wwwAuthenticate = header("www-authenticate");
  const { error, error_description: description } = parseJsonObject(body) ?? {};
  const said = typeof error === "string" ? `, ${describeError(error, description, secrets)}` : "";
  const challenge = wwwAuthenticate ? `, WWW-Authenticate: ${quoteDescription(wwwAuthenticate, secrets)}` : "";
  const type = said === "" && challenge === "" && contentType !== "" ? ` (${quoteForeign(contentType, 60)})` : "";
  return `status ${status}${type}${said}${challenge}`;
}

/** An error code and its description, as they come from a token endpoint or with a callback. */
export function describeError(error: string, description: unknown, secrets: readonly string[]): string {
  const code = quoteDescription(error, secrets, 60);
  if (typeof description !== "string" || description === "") return code;
  return `${code}: ${quoteDescription(description, secrets)}`;
}
