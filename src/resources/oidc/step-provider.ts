import * as z from "zod";
import { parseUrl } from "../../characters.js";
import { heldTo, slug, text } from "../../config/fields.js";
import { maxUrl } from "../../users/names.js";
import { stateOf } from "../step-fields.js";

const size = z.int().min(0).max(512);

/** How to connect to a provider; clients have the same fields from when they held their provider themselves. */
export const settingFields = {
  oidc_token_use_basic_auth: z
    .boolean()
    .describe("Whether the client's secret is sent to the token endpoint in a Basic header instead of the form."),
  oidc_use_nonce: z.boolean().describe("Whether a sign-in sends a nonce that its ID token must repeat."),
  oidc_nonce_size: size.describe("The length of a nonce in characters; fewer than 22 are too easy to guess."),
  oidc_state_size: size.describe("The length of a state in characters; fewer than 22 are too easy to guess."),
};

/** The defaults of what a file leaves out. */
export const settingDefaults = {
  oidc_token_use_basic_auth: false,
  oidc_use_nonce: true,
  oidc_nonce_size: 32,
  oidc_state_size: 32,
};

const needed = ["oidc_op_authorization_endpoint", "oidc_op_token_endpoint", "oidc_op_user_endpoint"] as const;

/** {@link httpUrl}, or an empty text for none. */
const httpUrlOrEmpty = heldTo(
  "url",
  z
    .string()
    .trim()
    .max(maxUrl)
    .refine((text) => text === "" || isHttpUrl(text), {
      error: "expected an absolute http or https URL, or '' for none",
    })
    .refine((text) => !hasCredentials(text), { error: "expected a URL without a user name or password in it" }),
);

/** Written with the other endpoints, or as a field of the provider. */
const introspectionEndpoint = httpUrlOrEmpty
  .optional()
  .describe(
    "The introspection endpoint for opaque access tokens (RFC 7662); '' for none. Without one, opaque tokens are rejected.",
  );

/** The URL of a resource that is fetched or visited: absolute, http or https, without credentials; spaces around it are dropped. */
const httpUrl = heldTo(
  "url",
  z
    .string()
    .trim()
    .max(maxUrl)
    .refine(isHttpUrl, { error: "expected an absolute http or https URL" })
    .refine((text) => !hasCredentials(text), { error: "expected a URL without a user name or password in it" }),
);

/** A provider's endpoints: found by discovery, written one by one, or both. */
export const endpointConfig = z
  .strictObject({
    oidc_op_discovery_endpoint: httpUrlOrEmpty
      .optional()
      .describe("The URL that precedes `.well-known/openid-configuration`, usually the issuer."),
    oidc_op_authorization_endpoint: httpUrl
      .optional()
      .describe("The authorization endpoint, where browsers sign in; required for sign-in without discovery."),
    oidc_op_token_endpoint: httpUrl
      .optional()
      .describe("The token endpoint, where codes are exchanged for tokens; required with the authorization endpoint."),
    oidc_op_user_endpoint: httpUrl
      .optional()
      .describe("The userinfo endpoint, which returns a user's claims; required with the two before."),
    oidc_op_introspection_endpoint: introspectionEndpoint,
    oidc_op_jwks_endpoint: httpUrlOrEmpty.optional().describe("The URL of the provider's keys (JWKS); '' for none."),
    oidc_op_logout_endpoint: httpUrlOrEmpty
      .optional()
      .describe("The end-session endpoint, where a sign-in ends; '' for none."),
  })
  .superRefine(
    (endpoints, context) => {
      if (endpoints.oidc_op_discovery_endpoint || isForVerifiers(endpoints)) return;
      for (const name of needed) {
        if (endpoints[name] !== undefined) continue;
        context.addIssue({ code: "invalid_type", expected: "string", path: [name], input: undefined });
      }
    },
    // Also runs beside other mistakes, so that all are reported at once.
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
  .describe("The provider's endpoints: discovered, written one by one, or both; a written one takes precedence.");

/** An issuer is compared byte for byte (RFC 8414 §3.3), so nothing is dropped from it. */
const issuer = heldTo(
  "visible",
  z
    .string()
    .max(maxUrl)
    .refine((text) => text === "" || isHttpUrl(text), {
      error: "expected an absolute http or https URL, without spaces around it",
    })
    .refine((text) => !hasCredentials(text), { error: "expected a URL without a user name or password in it" }),
);

/** {@link issuer}, and not an empty one. */
const formerIssuer = issuer.refine((text) => text !== "", { error: "expected an absolute http or https URL" });

const fields = z.strictObject({
  identifier: slug(255).describe("The provider's name, unique among providers."),
  endpoint_config: endpointConfig,
  oidc_op_issuer: issuer
    .optional()
    .describe("The issuer of the provider's tokens: their exact `iss`. Defaults to the one from discovery."),
  oidc_op_former_issuers: z
    .array(formerIssuer)
    .default([])
    .describe(
      "The provider's earlier issuers, before it moved: people who signed in there stay the same users. Tokens of these issuers are rejected.",
    ),
  oidc_op_introspection_endpoint: introspectionEndpoint,
  oidc_op_ca_file: text(4096)
    .optional()
    .describe("A PEM file with the provider's certificate authority, in addition to the well-known ones."),
  oidc_use_pkce: z.boolean().default(true).describe("Whether sign-ins use PKCE (S256), unless a client overrides it."),
  oidc_token_use_basic_auth: settingFields.oidc_token_use_basic_auth.default(settingDefaults.oidc_token_use_basic_auth),
  oidc_use_nonce: settingFields.oidc_use_nonce.default(settingDefaults.oidc_use_nonce),
  oidc_nonce_size: settingFields.oidc_nonce_size.default(settingDefaults.oidc_nonce_size),
  oidc_state_size: settingFields.oidc_state_size.default(settingDefaults.oidc_state_size),
});

const state = stateOf("provider");

const present = fields.extend({ state: state.present }).superRefine(
  ({ endpoint_config: endpoints, ...provider }, context) => {
    const here = provider.oidc_op_introspection_endpoint;
    const there = endpoints?.oidc_op_introspection_endpoint;
    if (!here || !there || here === there) return;
    const path = ["oidc_op_introspection_endpoint"];
    const message = "expected the same URL as in `endpoint_config`, or only one of the two";
    context.addIssue({ code: "custom", path, message, input: undefined });
  },
  // Also runs beside other mistakes, so that all are reported at once.
  { when: ({ value }) => typeof value === "object" && value !== null },
);

const absent = fields.partial().extend({
  identifier: fields.shape.identifier,
  state: state.absent,
});

/** An entry of `providers`. */
export const provider = z.discriminatedUnion("state", [present, absent]);

export type PresentProvider = z.output<typeof present>;

export type EndpointConfig = z.output<typeof endpointConfig>;

/** Whether only the keys' URL is written: enough to check tokens, but not to sign in. */
function isForVerifiers(
  endpoints: { readonly [Name in (typeof needed)[number] | "oidc_op_jwks_endpoint"]?: unknown },
): boolean {
  const { oidc_op_authorization_endpoint: authorization, oidc_op_token_endpoint: token } = endpoints;
  return Boolean(endpoints.oidc_op_jwks_endpoint) && authorization === undefined && token === undefined;
}

/** The endpoint attributes: `undefined` is left to discovery, null is none. */
export function endpointAttributes(endpoints: EndpointConfig) {
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

function isHttpUrl(text: string): boolean {
  return /^https?:\/\/[^/?#\\\s\p{Cc}][^\\\s\p{Cc}]*$/iu.test(text) && parseUrl(text) !== undefined;
}

function hasCredentials(text: string): boolean {
  if (!isHttpUrl(text)) return false;
  const { username, password } = new URL(text);
  return username !== "" || password !== "";
}
