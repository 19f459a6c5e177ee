import * as z from "zod";
import { filledText, heldTo, secret, slug, text } from "../../config/fields.js";
import { hasPartMore, nearest } from "../../nearest.js";
import { algorithmNames } from "../../oidc/jwt/algorithm.js";
import { maxClientSecret, maxProviderText } from "../../users/names.js";
import { apiClient, loginClient } from "../kinds.js";
import { stateOf } from "../step-fields.js";
import { flatOptionFields } from "./step-flat-options.js";
import { clientOptions } from "./step-options.js";
import { endpointConfig, type PresentProvider, provider, settingDefaults, settingFields } from "./step-provider.js";

const known = [loginClient, apiClient];

/** A client's identifier: a known or custom one, but not one that is a near miss of a known one. */
const clientIdentifier: z.ZodString = slug(255)
  .refine((text) => meantClient(text) === undefined, {
    error: ({ input }) => `unknown identifier; did you mean \`${meantClient(String(input))}\`?`,
  })
  .describe("`admin-oidc`, `api-oidc`, or the name that your own login or verifier uses.");

const fields = z.strictObject({
  identifier: clientIdentifier,
  enabled: z.boolean().default(true).describe("Whether this client accepts sign-ins and tokens."),
  oidc_provider_identifier: heldTo("visible", text(255))
    .optional()
    .describe("The `identifier` of the client's provider. Not needed with the deprecated `endpoint_config`."),
  oidc_rp_client_id: heldTo("ascii", text(maxProviderText)).describe("The client's id at the provider."),
  oidc_rp_client_secret: heldTo("ascii", secretText(maxClientSecret)).describe(
    "The client's secret at the provider; stored sealed. HS256, HS384 and HS512 need at least 32, 48 and 64 bytes.",
  ),
  oidc_rp_sign_algo: z
    .enum(algorithmNames)
    .default("RS256")
    .describe("The algorithm that the provider signs this client's tokens with."),
  oidc_rp_scopes_list: z
    .array(heldTo("ascii", text(maxProviderText)))
    .default(["openid", "email", "profile"])
    .describe("The scopes that a sign-in requests, including `openid`."),
  // A certificate or a long RSA key has more than 1000 characters.
  oidc_rp_idp_sign_key: secretText(16384)
    .describe("The public key that verifies tokens, in PEM or as a JWK, instead of the provider's published keys.")
    .optional(),
  oidc_keycloak_idp_hint: heldTo("ascii", text(maxProviderText))
    .default("")
    .describe("The identity provider that Keycloak redirects to directly."),
  userinfo_claims_source: z
    .enum(["userinfo_endpoint", "id_token"])
    .default("userinfo_endpoint")
    .describe("Where a user's claims come from."),
  check_op_availability: z
    .boolean()
    .default(false)
    .describe("Whether a sign-in first checks that the provider responds."),
  oidc_use_pkce: z
    .boolean()
    .optional()
    .describe("Whether this client's sign-ins use PKCE. Defaults to the provider's setting.")
    .meta({ examples: [true, false] }),
  oidc_audience: z
    .array(heldTo("ascii", filledText(maxProviderText)))
    .default([])
    .describe("The audiences of which a token must name one. Defaults to the client itself.")
    .meta({ examples: [["vtb-api"]] }),
  accept_at_hash: z
    .boolean()
    .default(false)
    .describe(
      "Whether bearer tokens with `at_hash`, as Dex issues them, are accepted as access tokens; ID tokens then are, too.",
    ),
  options: clientOptions
    .optional()
    .describe("How claims become users, groups and permissions. Other keys are stored unchanged."),
  endpoint_config: endpointConfig
    .nullish()
    .describe("Deprecated: write it as `providers[].endpoint_config`.")
    .meta({ deprecated: true }),
  oidc_token_use_basic_auth: atProvider("oidc_token_use_basic_auth"),
  oidc_use_nonce: atProvider("oidc_use_nonce"),
  oidc_nonce_size: atProvider("oidc_nonce_size"),
  oidc_state_size: atProvider("oidc_state_size"),
  ...flatOptionFields,
});

const state = stateOf("client");

const present = fields
  .extend({ state: state.present })
  .superRefine(
    (item, context) => {
      if (item.oidc_provider_identifier || item.endpoint_config) return;
      const path = ["oidc_provider_identifier"];
      if (item.oidc_provider_identifier === undefined) {
        context.addIssue({ code: "invalid_type", expected: "string", path, input: undefined });
      } else {
        context.addIssue({ code: "custom", path, message: "expected the identifier of a provider", input: undefined });
      }
    },
    // Also runs when the item has other mistakes, so that all are reported at once.
    { when: ({ value }) => typeof value === "object" && value !== null },
  )
  .meta({ allOf: [{ anyOf: [{ required: ["oidc_provider_identifier"] }, { required: ["endpoint_config"] }] }] });

const absent = fields.partial().extend({ identifier: clientIdentifier, state: state.absent });

/** An entry of `items`. */
const client = z.discriminatedUnion("state", [present, absent]);

export const oidcSchema = z.strictObject({
  providers: z.array(provider).default([]).describe("The OpenID providers that clients refer to."),
  items: z.array(client).describe("The OpenID Connect clients."),
});

export type OidcConfig = z.output<typeof oidcSchema>;

function secretText(max: number): ReturnType<typeof secret> {
  const expected = `expected at most ${max} characters`;
  return secret({ test: (plain) => plain.length <= max, expected }).meta({ maxLength: max });
}

export type PresentClient = z.output<typeof present>;

/** A field from when clients held their provider themselves. */
function atProvider<Name extends keyof typeof settingFields>(name: Name): z.ZodOptional<(typeof settingFields)[Name]> {
  const field: (typeof settingFields)[Name] = settingFields[name];
  return z.optional(field).describe(`Deprecated: write it as \`providers[].${name}\`.`).meta({ deprecated: true });
}

export function isKnownClient(identifier: string): boolean {
  return known.includes(identifier);
}

function meantClient(identifier: string): string | undefined {
  const near = isKnownClient(identifier) ? undefined : nearest(identifier, known);
  return near === undefined || hasPartMore(identifier, near) ? undefined : near;
}

/** The fields of the provider that a client holds itself, the deprecated way. */
export const inlineProviderFields = [
  "endpoint_config",
  "oidc_token_use_basic_auth",
  "oidc_use_nonce",
  "oidc_nonce_size",
  "oidc_state_size",
] as const;

/** What the provider that a client holds itself is called. */
export function inlineProviderName(client: string): string {
  return `${client}-provider`;
}

/**
 * The provider that a client holds itself, the deprecated way: the client's identifier followed by `-provider`. Undefined where
 * the client names a provider, which wins.
 */
export function inlineProvider(client: PresentClient): PresentProvider | undefined {
  if (client.oidc_provider_identifier || !client.endpoint_config) return undefined;
  return {
    identifier: inlineProviderName(client.identifier),
    endpoint_config: client.endpoint_config,
    oidc_op_former_issuers: [],
    oidc_use_pkce: client.oidc_use_pkce ?? true,
    oidc_token_use_basic_auth: client.oidc_token_use_basic_auth ?? settingDefaults.oidc_token_use_basic_auth,
    oidc_use_nonce: client.oidc_use_nonce ?? settingDefaults.oidc_use_nonce,
    oidc_nonce_size: client.oidc_nonce_size ?? settingDefaults.oidc_nonce_size,
    oidc_state_size: client.oidc_state_size ?? settingDefaults.oidc_state_size,
  };
}
