// An OpenID provider for trying the example on one machine. It accepts every password, so never use it for anything else.

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const port = Number(process.env.PORT ?? 9001);
const adminUrl = process.env.ADMIN_URL ?? "http://127.0.0.1:8001/beheer";
const people = process.env.PEOPLE ?? new URL("people.json", import.meta.url);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "vtb-admin",
      client_secret: "alleen-om-te-proberen-7c1f52d09e",
      token_endpoint_auth_method: "client_secret_post",
      redirect_uris: [`${adminUrl}/oidc/callback`],
      post_logout_redirect_uris: [`${adminUrl}/signed-out`],
    },
  ],
  claims: {
    openid: ["sub"],
    profile: ["preferred_username", "given_name", "family_name"],
    email: ["email", "email_verified"],
    groups: ["groups", "staff"],
  },
  // The file is read each time, so that what changes in it is seen at the next sign-in.
  findAccount: (_context, username) => {
    const person = JSON.parse(readFileSync(people, "utf8"))[username];
    if (!person) return undefined;
    return { accountId: username, claims: () => ({ sub: username, preferred_username: username, ...person }) };
  },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  features: { devInteractions: { enabled: true } },
});

const server = createServer(provider.callback()).listen(port, "127.0.0.1", () => console.log(provider.issuer));

process.once("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
