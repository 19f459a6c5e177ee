import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { SetupError } from "../errors.js";
import { Secret } from "../secrets/secret.js";
import { createVault } from "../secrets/vault.js";

/** What the session secret is good for; each use has a key of its own (HKDF, RFC 5869). */
export interface Seals {
  /** @param purpose is authenticated along with it */
  readonly seal: (text: string, purpose: string) => string;
  /** Undefined for what was not sealed here, or for another purpose. */
  readonly open: (sealed: string, purpose: string) => Secret | undefined;
  /** The token for the forms of a session. */
  readonly csrfToken: (sessionId: string) => string;
}

export function createSeals(sessionSecret: Secret): Seals {
  const vault = createVault(deriveKey(sessionSecret, "sealing"));
  const csrfKey = deriveKey(sessionSecret, "csrf");
  return {
    seal: (text, purpose) => vault.seal(new Secret(text), purpose),
    open: (sealed, purpose) => {
      try {
        return vault.open(sealed, purpose);
      } catch (error) {
        if (error instanceof SetupError) return undefined;
        throw error;
      }
    },
    csrfToken: (sessionId) => createHmac("sha256", csrfKey).update(sessionId).digest("base64url"),
  };
}

/** Compares in a time that does not depend on where two texts differ. */
export function isSameText(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => createHmac("sha256", "compare").update(text).digest());
  // Digests have one length, whatever the texts have.
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}

function deriveKey(secret: Secret, use: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret.reveal(), "", `vtb-setup login ${use}`, 32));
}
