import { createBeginAttempt } from "./begin-attempt.js";
import type { LoginContext } from "./context.js";
import { readCookies } from "./cookies.js";
import type { Login } from "./login.js";
import { fault, type LoginClient } from "./login-client.js";
import { readNextPath } from "./next-path.js";

/** Makes the function that begins a login. */
export function createStart(context: LoginContext): Login["start"] {
  const { settings, loadClient, refuse, report } = context;
  const begin = createBeginAttempt(context);

  return async (request = {}) => {
    const next = readNextPath(request.next, settings.redirectUrl);
    const client = await loadClient(false);
    if (client.kind === "fault") return refuse(client, [], next);
    if (client.row.check_op_availability === 1 && !(await answers(client))) {
      const found = `no usable answer of ${client.provider.authorizationEndpoint}`;
      return refuse(fault("provider_unavailable", "provider_unavailable", { found }), [], next);
    }
    if (next === "/" && (request.next ?? next) !== next) report({ kind: "next_ignored", client: settings.client });
    const redirect = await begin(client, { next, restarts: 0, cookies: readCookies(request.cookieHeader) });
    report({ kind: "started", client: settings.client });
    return redirect;
  };
}

/** Whether the provider's page is there, as the incumbent looks: a bare request may well be answered with status 400. */
async function answers({ provider, fetch }: LoginClient): Promise<boolean> {
  try {
    const { status } = await fetch(provider.authorizationEndpoint, { redirect: "manual" });
    return status <= 400;
  } catch {
    return false;
  }
}
