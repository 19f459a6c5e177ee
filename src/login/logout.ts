import type { Database } from "../database/database.js";
import type { LoginContext } from "./context.js";
import { readCookies } from "./cookies.js";
import type { Login, LogoutOutcome } from "./login.js";
import { type LoginProviders, readClientRow } from "./login-provider.js";
import type { EndedSession } from "./sessions.js";

export interface LogoutOptions {
  readonly context: LoginContext;
  readonly database: Database;
  readonly providers: LoginProviders;
}

const home = "/";
// Proxies and providers reject longer URLs (Entra ID: AADSTS90015).
const maxUrlLength = 2000;

/** Ends a session, here and by OpenID Connect RP-Initiated Logout at the provider. */
export function createLogout({ context, database, providers }: LogoutOptions): Login["logout"] {
  const { settings, jar, sessions, report } = context;
  const { client, postLogoutRedirectUri } = settings;

  return async (cookieHeader) => {
    const id = readCookies(cookieHeader).get(jar.session);
    const ended = id === undefined ? undefined : await sessions.end(id);
    const cookies = [jar.clear(jar.session)];
    if (!ended) return { location: home, form: undefined, cookies };
    report({ kind: "session_ended", client, userId: ended.userId, reason: "logout" });
    return { ...(ended.isOfProvider ? await providerLogout(ended) : { location: home, form: undefined }), cookies };
  };

  async function providerLogout({ idToken }: EndedSession): Promise<Omit<LogoutOutcome, "cookies">> {
    const row = await readClientRow(database, client);
    const provider = row && (await providers.resolve(row, row.logout_endpoint === null));
    if (!row || provider?.kind !== "known" || provider.logoutEndpoint === null)
      return { location: home, form: undefined };
    const { logoutEndpoint: action } = provider;
    const hint = idToken?.reveal() ?? "";
    const plain = {
      client_id: row.client_id,
      ...(postLogoutRedirectUri !== undefined && { post_logout_redirect_uri: postLogoutRedirectUri }),
    };
    const fields = { ...plain, ...(hint !== "" && { id_token_hint: hint }) };
    const location = withQuery(action, fields);
    return location.length > maxUrlLength
      ? { location: withQuery(action, plain), form: { action, fields } }
      : { location, form: undefined };
  }
}

function withQuery(endpoint: string, fields: Readonly<Record<string, string>>): string {
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
  return url.href;
}
