import * as z from "zod";
import { slug, text } from "../../config/fields.js";
import { endpointConfig, introspectionEndpoint } from "./endpoints.js";
import { formerIssuer, issuer } from "./url.js";

const size = z.int().min(0).max(512);

/** How a provider is spoken to; clients have the same fields from the time when they held their provider themselves. */
export const settingFields = {
  oidc_token_use_basic_auth: z
    .boolean()
    .describe("Whether the client's secret goes to the token endpoint in a Basic header instead of in the form."),
  oidc_use_nonce: z.boolean().describe("Whether a sign-in carries a nonce that its ID token must repeat."),
  oidc_nonce_size: size.describe("How many characters a nonce has; under 22 it is too easy to guess."),
  oidc_state_size: size.describe("How many characters a state has; under 22 it is too easy to guess."),
};

/** What holds where a file does not say otherwise. */
export const settingDefaults = {
  oidc_token_use_basic_auth: false,
  oidc_use_nonce: true,
  oidc_nonce_size: 32,
  oidc_state_size: 32,
};

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
    // Also beside other mistakes, so that all of them are reported at once.
    { when: ({ value }) => typeof value === "object" && value !== null },
  );

const absent = fields.partial().extend({
  identifier: fields.shape.identifier,
  state: z.literal("absent").describe("The provider shall not exist."),
});

/** An entry of `providers`. */
export const provider = z.discriminatedUnion("state", [present, absent]);

export type PresentProvider = z.output<typeof present>;
