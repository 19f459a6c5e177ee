import type { Secret } from "./secret.js";

/** Seals secrets that are needed in clear again. `purpose` binds a sealed value to its row and column. */
export interface Vault {
  readonly seal: (secret: Secret, purpose: string) => string;
  /** @throws SetupError `KEY_MISMATCH` (refused) when it was sealed with another key, or for another purpose. */
  readonly open: (sealed: string, purpose: string) => Secret;
}
