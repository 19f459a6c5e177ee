import { type WrittenFile, writeEntriesAsYaml } from "../apply/export.js";
import type { Database } from "../database/database.js";
import type { ResourceName } from "../plan/resource.js";
import { openVault } from "../secrets/vault.js";

/**
 * What a file has to say to declare these entries, as YAML: tokens by their digests, other secrets from variables. Of what no file
 * manages, it also has what people gave it by hand, so that a file can take it over.
 *
 * @throws SetupError where an OpenID client's secrets can't be opened with the sealing key
 */
export function entriesAsYaml(
  { kysely, keyFile }: Pick<Database, "kysely" | "keyFile">,
  env: Readonly<Record<string, string | undefined>>,
  names: readonly ResourceName[],
): Promise<WrittenFile> {
  return writeEntriesAsYaml({ db: kysely, vault: openVault({ env, keyFile }) }, names);
}
