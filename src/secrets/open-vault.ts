import { setupError } from "../errors.js";
import { type KeyOptions, loadKey } from "./key.js";
import { createVault } from "./sealing.js";
import type { Vault } from "./vault.js";

/** A vault that looks for its key when the first secret is opened; most clients have none that the verifier needs. */
export function openVault(options: Pick<KeyOptions, "env" | "keyFile">): Vault {
  let opened: Vault | undefined;
  const vault = (): Vault => {
    opened ??= load(options);
    return opened;
  };
  return {
    seal: (secret, purpose) => vault().seal(secret, purpose),
    open: (sealed, purpose) => vault().open(sealed, purpose),
  };
}

function load({ env, keyFile }: Pick<KeyOptions, "env" | "keyFile">): Vault {
  const loaded = loadKey({ env, keyFile, mode: "read" });
  if (loaded) return createVault(loaded.key);
  throw setupError(
    "invalid",
    "KEY_INVALID",
    `the sealing key ${keyFile ?? ""} is missing`,
    "give the key that `vtb-setup apply` used in VTB_SETUP_KEY or VTB_SETUP_KEY_FILE, or put its file back",
  );
}
