import * as z from "zod";
import { provider } from "./step-provider.js";
import { client } from "./step-schema.js";

export const oidcSchema = z.strictObject({
  providers: z.array(provider).default([]).describe("The OpenID providers that clients refer to."),
  items: z.array(client).describe("The OpenID Connect clients."),
});

export type OidcConfig = z.output<typeof oidcSchema>;
