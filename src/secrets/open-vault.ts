import { rmSync } from "node:fs";
import { type Problem, setupError } from "../errors.js";
import { type KeyOptions, type LoadedKey, loadKey } from "./key.js";
import { createVault, keyIdOf } from "./sealing.js";
import type { Vault } from "./vault.js";

export interface VaultOptions extends Pick<KeyOptions, "env" | "keyFile"> {
  /**
   * The id of the key that the database's secrets were sealed with; null before the first, and then a key may be made. Left out by
   * those who only open secrets, which tell by themselves whether the key is theirs.
   */
  readonly storedKeyId?: string | null;
}

/** A vault that looks for its key when the first secret is sealed or opened: most runs and most clients need none. */
export interface LazyVault extends Vault {
  /** The id of the key, once it has been used. */
  readonly usedKeyId: () => string | undefined;
  /** What there is to tell of the key, once it has been used. */
  readonly remarks: () => readonly Problem[];
  /** Takes a key file away that was made for secrets which were not stored. */
  readonly discardMadeKey: () => void;
}

/** Gives a vault; its first use throws SetupError `KEY_INVALID` (invalid), `KEY_MISMATCH`, `KEY_UNSAFE` or `FILE_DENIED` (refused) where its key is not had. */
export function openVault(options: VaultOptions): LazyVault {
  let opened: { readonly vault: Vault; readonly keyId: string; readonly loaded: LoadedKey } | undefined;
  const vault = (): Vault => {
    if (!opened) {
      const loaded = load(options);
      const keyId = keyIdOf(loaded.key);
      refuseOther(keyId, options.storedKeyId);
      opened = { vault: createVault(loaded.key), keyId, loaded };
    }
    return opened.vault;
  };
  return {
    seal: (secret, purpose) => vault().seal(secret, purpose),
    open: (sealed, purpose) => vault().open(sealed, purpose),
    usedKeyId: () => opened?.keyId,
    remarks: () => (opened ? keyRemarks(opened.loaded) : []),
    discardMadeKey: () => {
      if (opened?.loaded.source === "made" && opened.loaded.file) rmSync(opened.loaded.file, { force: true });
    },
  };
}

function load({ env, keyFile, storedKeyId }: VaultOptions): LoadedKey {
  // A database with sealed secrets has a key somewhere: a new one would not open them.
  const loaded = loadKey({ env, keyFile, mode: storedKeyId === null ? "write" : "read" });
  if (loaded) return loaded;
  if (storedKeyId === undefined) {
    throw setupError(
      "invalid",
      "KEY_INVALID",
      `the sealing key ${keyFile ?? ""} is missing`,
      "give the key that `vtb-setup apply` used in VTB_SETUP_KEY or VTB_SETUP_KEY_FILE, or put its file back",
    );
  }
  throw setupError(
    "refused",
    "KEY_MISMATCH",
    `the database holds secrets sealed with a key that is not here: ${keyFile ?? "no key file"} is missing`,
    "put the key file back, or give the key in VTB_SETUP_KEY or VTB_SETUP_KEY_FILE",
  );
}

function refuseOther(keyId: string, storedKeyId: string | null | undefined): void {
  if (storedKeyId === null || storedKeyId === undefined || storedKeyId === keyId) return;
  throw setupError(
    "refused",
    "KEY_MISMATCH",
    "the sealing key is not the one that the database's secrets were sealed with",
    "give the earlier key in VTB_SETUP_KEY or VTB_SETUP_KEY_FILE",
  );
}

function keyRemarks({ source, file, loose, openFolder }: LoadedKey): readonly Problem[] {
  const remarks: Problem[] = [];
  if (source === "made") {
    remarks.push({
      severity: "note",
      code: "KEY_MADE",
      message: `made the sealing key ${file}`,
      hint: "every program that opens the client secrets needs it; back it up, apart from the database",
    });
  }
  if (loose) {
    remarks.push({
      severity: "warning",
      code: "SECRET_FILE_MODE",
      message: `the sealing key ${file} can be read by other users of this machine`,
      hint: `chmod 600 ${file}`,
    });
  }
  if (openFolder) {
    remarks.push({
      severity: "warning",
      code: "SECRET_FILE_MODE",
      message: `other users of this machine may write to ${openFolder}, and so exchange the sealing key ${file}`,
      hint: `chmod o-w ${openFolder}`,
    });
  }
  return remarks;
}
