import type { Finding } from "../document/finding.js";
import { setupError } from "../errors.js";
import { loadKey } from "../secrets/key.js";
import { createVault, keyIdOf } from "../secrets/sealing.js";
import type { Vault } from "../secrets/vault.js";

export interface VaultOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where a key may be made, if anywhere. */
  readonly keyFile: string | undefined;
  /** The id of the key that the database's secrets were sealed with. */
  readonly storedKeyId: string | null;
}

/** A vault that looks for its key when the first secret is sealed or opened: most runs with tokens alone need none. */
export interface LazyVault extends Vault {
  /** The id of the key, once it has been used. */
  readonly usedKeyId: () => string | undefined;
  readonly findings: () => readonly Finding[];
}

export function lazyVault(options: VaultOptions): LazyVault {
  let opened: { readonly vault: Vault; readonly keyId: string; readonly findings: readonly Finding[] } | undefined;
  const vault = (): Vault => {
    opened ??= openVault(options);
    return opened.vault;
  };
  return {
    seal: (secret, purpose) => vault().seal(secret, purpose),
    open: (sealed, purpose) => vault().open(sealed, purpose),
    usedKeyId: () => opened?.keyId,
    findings: () => opened?.findings ?? [],
  };
}

function openVault({ env, keyFile, storedKeyId }: VaultOptions) {
  // A database with sealed secrets has a key somewhere: a new one would not open them.
  const loaded = loadKey({ env, keyFile, mode: storedKeyId === null ? "write" : "read" });
  if (!loaded) {
    throw setupError(
      "refused",
      "KEY_MISMATCH",
      `the database holds secrets sealed with a key that is not here: ${keyFile ?? "no key file"} is missing`,
      "put the key file back, or give the key in VTB_SETUP_KEY or VTB_SETUP_KEY_FILE",
    );
  }
  const keyId = keyIdOf(loaded.key);
  if (storedKeyId !== null && storedKeyId !== keyId) {
    throw setupError(
      "refused",
      "KEY_MISMATCH",
      "the sealing key is not the one that the database's secrets were sealed with",
      "give the earlier key in VTB_SETUP_KEY or VTB_SETUP_KEY_FILE",
    );
  }
  return { vault: createVault(loaded.key), keyId, findings: keyFindings(loaded) };
}

function keyFindings(loaded: NonNullable<ReturnType<typeof loadKey>>): readonly Finding[] {
  const findings: Finding[] = [];
  if (loaded.source === "made") {
    findings.push({
      severity: "note",
      code: "KEY_MADE",
      message: `made the sealing key ${loaded.file}`,
      hint: "every program that opens the client secrets needs it; back it up, apart from the database",
    });
  }
  if (loaded.loose) {
    findings.push({
      severity: "warning",
      code: "SECRET_FILE_MODE",
      message: `the sealing key ${loaded.file} can be read by other users of this machine`,
      hint: `chmod 600 ${loaded.file}`,
    });
  }
  return findings;
}
