import { Provider } from "oidc-provider";
import { startServer } from "./http-server.js";

export interface OpenIdProvider {
  /** Such as `http://127.0.0.1:PORT/realms/test`. */
  readonly issuer: string;
  /** The issuer with a slash at its end, as operators write it. */
  readonly discoveryEndpoint: string;
  /** The path and query of each request so far. */
  readonly requests: readonly string[];
  readonly close: () => Promise<void>;
}

/**
 * A real OpenID provider on 127.0.0.1, on a free port unless one is given, below a path as Keycloak has it. The caller
 * closes it.
 */
export async function startOpenIdProvider({
  path = "/realms/test/",
  port = 0,
  configuration = {},
}: {
  readonly path?: string;
  readonly port?: number;
  /** Beside what every provider here has. */
  readonly configuration?: Readonly<Record<string, unknown>>;
} = {}): Promise<OpenIdProvider> {
  const mountPath = path.replace(/\/+$/, "");
  let provider: ReturnType<Provider["callback"]> | undefined;
  const server = await startServer(
    (request, response) => {
      const url = request.url ?? "";
      if (provider === undefined || !url.startsWith(`${mountPath}/`)) return void response.writeHead(404).end();
      // Where the provider looks for the path that it is mounted at.
      Object.assign(request, { originalUrl: url, url: url.slice(mountPath.length) });
      provider(request, response);
    },
    undefined,
    port,
  );
  const issuer = server.origin + mountPath;
  provider = new Provider(issuer, {
    cookies: { keys: ["only-for-tests"] },
    scopes: ["openid", "offline_access", "email", "profile", "roles"],
    features: { devInteractions: { enabled: false } },
    ...configuration,
  }).callback();
  return { issuer, discoveryEndpoint: `${issuer}/`, requests: server.requests, close: server.close };
}
