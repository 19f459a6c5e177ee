import { createHmac, randomBytes } from "node:crypto";
import type { LoginTrial } from "../../login/login.js";
import { createLruCache } from "../../lru-cache.js";
import type { StoredClient, StoredProvider } from "../../operations/read-openid.js";

/** Which settings someone tried out with success, kept by this process alone. */
export interface TrialMemory {
  /** Settings as a text that reveals nothing about them and that no other process makes. */
  readonly digestOf: (settings: readonly unknown[]) => string;
  readonly remember: (person: string, digest: string) => void;
  readonly hasTried: (person: string, digest: string) => boolean;
}

const keptTrials = 500;
// What the provider says may change.
const keptMs = 3_600_000;

/**
 * The memory of trials. It is beside the database since it holds what someone saw and not what is so: superusers may enable a client
 * without it, here as with a file, once they were told the risk.
 */
export function createTrialMemory(now: () => number): TrialMemory {
  const key = randomBytes(32);
  const triedAt = createLruCache<number>(keptTrials);
  const nameOf = (person: string, digest: string) => `${person} ${digest}`;
  return {
    digestOf: (settings) => createHmac("sha256", key).update(JSON.stringify(settings)).digest("base64url"),
    remember: (person, digest) => triedAt.set(nameOf(person, digest), now()),
    hasTried: (person, digest) => {
      const at = triedAt.get(nameOf(person, digest));
      return at !== undefined && now() - at < keptMs;
    },
  };
}

/** What a trial of a stored client is about. */
export function storedSettings(client: StoredClient, provider: StoredProvider): readonly unknown[] {
  return ["stored", client.settings, provider.settings];
}

/** Whether the person of a trial could sign in. */
export function isSuccess({ result }: LoginTrial): boolean {
  if (result.kind === "failed" || result.account?.kind === "refused") return false;
  return result.account?.kind === "existing" ? result.account.isActive : result.user.isActive !== false;
}
