import type { z } from "zod";
import { slug } from "../../config/fields.js";
import { hasPartMore, nearest } from "../../nearest.js";

/** Logs people in; `api-oidc` guards the API. */
export const loginClient = "admin-oidc";
const known = [loginClient, "api-oidc"];

export function isKnownClient(identifier: string): boolean {
  return known.includes(identifier);
}

/** A client's identifier: a known one or one's own, but not one that is nearly a known one. */
export const clientIdentifier: z.ZodString = slug(255)
  .refine((text) => meantClient(text) === undefined, {
    error: ({ input }) =>
      `expected another identifier, this one is nearly \`${meantClient(String(input))}\`: did you mean that?`,
  })
  .describe("`admin-oidc`, `api-oidc`, or what a login or verifier of your own asks for.");

function meantClient(identifier: string): string | undefined {
  const near = isKnownClient(identifier) ? undefined : nearest(identifier, known);
  return near === undefined || hasPartMore(identifier, near) ? undefined : near;
}
