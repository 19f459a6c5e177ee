import type { Database, DatabaseEnv } from "../database/database.js";
import { unopened } from "../operations/sealing-key.js";
import { coreKinds } from "../resources/registry.js";
import { readSealedValues } from "../resources/sealed-values.js";
import { type LoadedKeys, loadKeys } from "../secrets/key.js";
import { keyDiagnostics, keyIdOf } from "../secrets/vault.js";
import { diagnosed, type Finding, failed, failure, ok, type Subject } from "./finding.js";

/** Looks whether the key that this program has opens every sealed value. Creates none. */
export async function examineSealingKey(database: Database, env: DatabaseEnv): Promise<readonly Finding[]> {
  const values = await readSealedValues(database, database.kysely, coreKinds);
  const state = await database.kysely.selectFrom("setup_state").select("key_id").executeTakeFirst();
  const storedKeyId = state?.key_id ?? null;
  const subject: Subject = { kind: "sealing_key", key: nameOf(database, env) };
  const isNeeded = values.length > 0 || storedKeyId !== null;
  let loaded: LoadedKeys | undefined;
  try {
    const isGiven = Boolean(env.VTB_SETUP_KEY || env.VTB_SETUP_KEY_FILE || database.keyFile);
    loaded = isGiven || isNeeded ? loadKeys({ env, keyFile: database.keyFile, mode: "read" }) : undefined;
  } catch (error) {
    return failed(subject, "key", error);
  }
  const modes = loaded ? diagnosed(subject, "mode", keyDiagnostics(loaded)) : [];
  const closed = unopened(values, loaded?.keys);
  if (closed.length > 0) return [...modes, ...diagnosed(subject, "key", closed)];
  if (!loaded && !isNeeded) return [ok(subject, "key", "none yet; nothing is sealed")];
  if (storedKeyId !== null && !loaded?.keys.some((key) => keyIdOf(key) === storedKeyId)) {
    const message = "the sealing key is not the one that new values of this database are sealed with";
    const hint = "put the earlier key back, or set VTB_SETUP_KEY or VTB_SETUP_KEY_FILE to it";
    return [...modes, failure(subject, "key", { code: "KEY_MISMATCH", message, hint })];
  }
  const count = values.length === 1 ? "the sealed value" : `each of ${values.length} sealed values`;
  return [...modes, ok(subject, "key", values.length === 0 ? "nothing is sealed" : `opens ${count}`)];
}

function nameOf({ keyFile }: Database, env: DatabaseEnv): string {
  if (env.VTB_SETUP_KEY) return "VTB_SETUP_KEY";
  return env.VTB_SETUP_KEY_FILE || keyFile || "VTB_SETUP_KEY";
}
