import * as z from "zod";
import type { Attributes } from "../../plan/resource.js";
import { httpUrl, httpUrlOrEmpty } from "./url.js";

const needed = ["oidc_op_authorization_endpoint", "oidc_op_token_endpoint", "oidc_op_user_endpoint"] as const;

/** Written with the other endpoints, or as a field of the provider. */
export const introspectionEndpoint = httpUrlOrEmpty
  .optional()
  .describe("Where opaque access tokens are asked about (RFC 7662); '' for none. Without one, none is accepted.");

/** A provider's endpoints: found by discovery, written one by one, or both. */
export const endpointConfig = z
  .strictObject({
    oidc_op_discovery_endpoint: httpUrlOrEmpty
      .optional()
      .describe("The URL below which `.well-known/openid-configuration` is found, usually the issuer's."),
    oidc_op_authorization_endpoint: httpUrl
      .optional()
      .describe("Where people's browsers are sent to sign in; needed for that without discovery."),
    oidc_op_token_endpoint: httpUrl
      .optional()
      .describe("Where codes are exchanged for tokens; needed with the one before."),
    oidc_op_user_endpoint: httpUrl
      .optional()
      .describe("Where a user's claims are asked for; needed with the two before."),
    oidc_op_introspection_endpoint: introspectionEndpoint,
    oidc_op_jwks_endpoint: httpUrlOrEmpty.optional().describe("Where the provider publishes its keys; '' for none."),
    oidc_op_logout_endpoint: httpUrlOrEmpty.optional().describe("Where a sign-in is ended; '' for none."),
  })
  .superRefine(
    (endpoints, context) => {
      if (endpoints.oidc_op_discovery_endpoint || isForVerifiers(endpoints)) return;
      for (const name of needed) {
        if (endpoints[name] !== undefined) continue;
        context.addIssue({ code: "invalid_type", expected: "string", path: [name], input: undefined });
      }
    },
    // Also beside other mistakes, so that all of them are reported at once.
    { when: ({ value }) => typeof value === "object" && value !== null },
  )
  .meta({
    allOf: [
      {
        anyOf: [
          { required: ["oidc_op_discovery_endpoint"] },
          { required: needed },
          {
            required: ["oidc_op_jwks_endpoint"],
            not: {
              anyOf: [{ required: ["oidc_op_authorization_endpoint"] }, { required: ["oidc_op_token_endpoint"] }],
            },
          },
        ],
      },
    ],
  })
  .describe("The provider's endpoints: found by discovery, written one by one, or both; a written one wins.");

export type EndpointConfig = z.output<typeof endpointConfig>;

/** Whether nothing is written but where the keys are: enough to check tokens, and not to sign in. */
function isForVerifiers(
  endpoints: { readonly [Name in (typeof needed)[number] | "oidc_op_jwks_endpoint"]?: unknown },
): boolean {
  const { oidc_op_authorization_endpoint: authorization, oidc_op_token_endpoint: token } = endpoints;
  return Boolean(endpoints.oidc_op_jwks_endpoint) && authorization === undefined && token === undefined;
}

/** The endpoint attributes: `undefined` is left to discovery, null is none. */
export function endpointAttributes(endpoints: EndpointConfig): Attributes {
  const { oidc_op_discovery_endpoint: discovery } = endpoints;
  const notWritten = discovery ? undefined : null;
  return {
    discovery_endpoint: discovery || null,
    authorization_endpoint: endpoints.oidc_op_authorization_endpoint ?? notWritten,
    token_endpoint: endpoints.oidc_op_token_endpoint ?? notWritten,
    userinfo_endpoint: endpoints.oidc_op_user_endpoint ?? notWritten,
    introspection_endpoint: endpoints.oidc_op_introspection_endpoint || notWritten,
    jwks_endpoint: endpoints.oidc_op_jwks_endpoint || notWritten,
    logout_endpoint: endpoints.oidc_op_logout_endpoint || notWritten,
  };
}
