// An OpenID provider for trying out the API on one machine: it gives its one client access tokens for the API.

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const port = Number(process.env.PORT ?? 9000);
const audience = "urn:example:taken-api";

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "taken-client",
      client_secret: "only-for-trying-this-out",
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
      token_endpoint_auth_method: "client_secret_post",
    },
  ],
  cookies: { keys: [randomBytes(32).toString("hex")] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      // A signed token that names the API, so that the API can check it by itself.
      getResourceServerInfo: () => ({
        scope: "openid",
        audience,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
});

const server = createServer(provider.callback()).listen(port, "127.0.0.1", () => console.log(provider.issuer));

process.once("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
