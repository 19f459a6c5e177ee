import * as z from "zod";
import { heldTo, slug, text } from "../../config/fields.js";
import { maxUrl } from "../../users/names.js";

const size = z.int().min(0).max(512);

/** How to connect to a provider; clients have the same fields from when they held their provider themselves. */
export const settingFields = {
  oidc_token_use_basic_auth: z
    .boolean()
    .describe("Whether the client's secret goes to the token endpoint in a Basic header instead of in the form."),
  oidc_use_nonce: z.boolean().describe("Whether a sign-in carries a nonce that its ID token must repeat."),
  oidc_nonce_size: size.describe("How many characters a nonce has; under 22 it is too easy to guess."),
  oidc_state_size: size.describe("How many characters a state has; under 22 it is too easy to guess."),
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
  .describe("Where opaque access tokens are asked about (RFC 7662); '' for none. Without one, none is accepted.");

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
  .describe("The provider's endpoints: found by discovery, written one by one, or both; a written one wins.");

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
  identifier: slug(255).describe("The provider's own name, unique among providers."),
  endpoint_config: endpointConfig,
  oidc_op_issuer: issuer
    .optional()
    .describe(
      "Who signs the provider's tokens: what their `iss` must be, byte for byte; known from discovery otherwise.",
    ),
  oidc_op_former_issuers: z
    .array(formerIssuer)
    .default([])
    .describe(
      "What the provider's issuer was before it moved: who signed in then is the same person now. Its tokens are not accepted.",
    ),
  oidc_op_introspection_endpoint: introspectionEndpoint,
  oidc_op_ca_file: text(4096)
    .optional()
    .describe("A file with the certificate authority of the provider, in PEM, besides the well-known ones."),
  oidc_use_pkce: z
    .boolean()
    .default(true)
    .describe("Whether sign-ins use PKCE (S256), unless a client says otherwise."),
  oidc_token_use_basic_auth: settingFields.oidc_token_use_basic_auth.default(settingDefaults.oidc_token_use_basic_auth),
  oidc_use_nonce: settingFields.oidc_use_nonce.default(settingDefaults.oidc_use_nonce),
  oidc_nonce_size: settingFields.oidc_nonce_size.default(settingDefaults.oidc_nonce_size),
  oidc_state_size: settingFields.oidc_state_size.default(settingDefaults.oidc_state_size),
});

const present = fields
  .extend({ state: z.literal("present").optional().describe("`present`, or `absent` to take the provider away.") })
  .superRefine(
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
  state: z.literal("absent").describe("The provider shall not exist."),
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
  return /^https?:\/\/[^/?#\\\s\p{Cc}][^\\\s\p{Cc}]*$/iu.test(text) && URL.canParse(text);
}

function hasCredentials(text: string): boolean {
  if (!isHttpUrl(text)) return false;
  const { username, password } = new URL(text);
  return username !== "" || password !== "";
}
