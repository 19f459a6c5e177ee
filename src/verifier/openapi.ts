import type { Requirement } from "./requirement.js";
import type { UsableClient } from "./resource-metadata.js";

/** How requests to an API authenticate, for its OpenAPI document (3.0 or 3.1). */
export interface OpenApiSecurity {
  /** For `components.securitySchemes`. */
  readonly securitySchemes: Readonly<Record<string, OpenApiSecurityScheme>>;
  /** For `security` of the document or of an operation: any of them suffices. Never empty, which would mean a public route. */
  readonly security: readonly Readonly<Record<string, readonly never[]>>[];
}

export type OpenApiSecurityScheme =
  | { readonly type: "apiKey"; readonly in: "header"; readonly name: "Authorization"; readonly description: string }
  | { readonly type: "openIdConnect"; readonly openIdConnectUrl: string; readonly description: string }
  | { readonly type: "http"; readonly scheme: "bearer"; readonly bearerFormat: "JWT"; readonly description: string };

const token = "token";
/** Stands for clients that accept no tokens now. */
const bearer = "bearer";

/**
 * Describes how the requests of a route authenticate. The schemes are the same for each route.
 *
 * @param clients the identifiers of the verifier's clients
 * @param usable those of them that accept tokens now
 */
export function describeSecurity(
  { scheme, clients: ofRoute }: Pick<Requirement, "scheme" | "clients">,
  clients: readonly string[],
  usable: readonly UsableClient[],
): OpenApiSecurity {
  const securitySchemes: Record<string, OpenApiSecurityScheme> = {
    [token]: {
      // Only registered schemes may be `http`.
      type: "apiKey",
      in: "header",
      name: "Authorization",
      description: "An API token, after the word Token and a space: `Token VALUE`",
    },
  };
  if (usable.length < clients.length) securitySchemes[bearer] = plainBearer("An access token of an OpenID provider");
  for (const client of usable) securitySchemes[nameOf(client)] = schemeOf(client);
  const accepted = usable.filter(({ identifier }) => ofRoute?.includes(identifier) ?? true).map(nameOf);
  const names = [
    ...(scheme === "bearer" ? [] : [token]),
    ...(scheme === "token" || clients.length === 0 ? [] : accepted.length > 0 ? accepted : [bearer]),
  ];
  return { securitySchemes, security: names.map((name) => ({ [name]: [] })) };
}

function nameOf({ identifier }: UsableClient): string {
  return `${bearer}-${identifier}`;
}

function schemeOf({ issuer, identifier }: UsableClient): OpenApiSecurityScheme {
  if (issuer === undefined) return plainBearer(`An access token for ${identifier}`);
  return {
    type: "openIdConnect",
    // OpenID Connect Discovery §4: what the whole world sees, where a file may have an address inside a cluster.
    openIdConnectUrl: `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
    description: `An access token of ${issuer} for ${identifier}`,
  };
}

function plainBearer(description: string): OpenApiSecurityScheme {
  return { type: "http", scheme: "bearer", bearerFormat: "JWT", description };
}
