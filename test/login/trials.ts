import type { UnsavedClient } from "../../src/login/trial-result.js";
import { Secret } from "../../src/secrets/secret.js";
import { clientSecret, settingsOf, type World } from "./world.js";

/** A client at the world's provider that no database has. */
export function unsavedOf({ provider: { issuer } }: World, more: Partial<UnsavedClient["client"]> = {}): UnsavedClient {
  const { options } = settingsOf({ claim_mappings: { username: ["email"], email: ["email"] } });
  return {
    client: {
      client_id: "new",
      client_secret: new Secret(clientSecret),
      userinfo_claims_source: "id_token",
      options: options as object,
      ...more,
    },
    provider: { discovery_endpoint: issuer, issuer },
  };
}
