import type { Database } from "../database/database.js";
import { readClientRow } from "./client-row.js";
import { readCookies } from "./cookies.js";
import type { Login } from "./login.js";
import type { LoginContext } from "./login-context.js";
import type { LoginProviders } from "./login-provider.js";
import type { EndedSession } from "./sessions.js";

export interface LogoutOptions {
  readonly context: LoginContext;
  readonly database: Database;
  readonly providers: LoginProviders;
}

const home = "/";
// Servers refuse URLs much longer than this; the provider then asks the user instead.
const longestHint = 4000;

/** Makes the function that ends a session, here and by OpenID Connect RP-Initiated Logout at the provider. */
export function createLogout({ context, database, providers }: LogoutOptions): Login["logout"] {
  const { settings, jar, sessions, report } = context;
  const { client, postLogoutRedirectUri } = settings;

  return async (cookieHeader) => {
    const id = readCookies(cookieHeader).get(jar.session);
    const ended = id === undefined ? undefined : await sessions.end(id);
    const cookies = [jar.clear(jar.session)];
    if (!ended) return { location: home, cookies };
    report({ kind: "session_ended", client, userId: ended.userId, reason: "logout" });
    return { location: ended.isOfProvider ? await providerLogout(ended) : home, cookies };
  };

  async function providerLogout({ idToken }: EndedSession): Promise<string> {
    const row = await readClientRow(database, client);
    const provider = row && (await providers.resolve(row, row.logout_endpoint === null));
    if (!row || provider?.kind !== "known" || provider.logoutEndpoint === null) return home;
    const url = new URL(provider.logoutEndpoint);
    url.searchParams.set("client_id", row.client_id);
    const hint = idToken?.reveal() ?? "";
    if (hint !== "" && hint.length <= longestHint) url.searchParams.set("id_token_hint", hint);
    if (postLogoutRedirectUri !== undefined) url.searchParams.set("post_logout_redirect_uri", postLogoutRedirectUri);
    return url.href;
  }
}
