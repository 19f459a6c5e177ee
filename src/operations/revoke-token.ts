import type { Transaction } from "kysely";
import type { LockedResult } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import type { TokenToRevoke } from "./new-token.js";
import { type RevokeTokenOutcome, refusal } from "./outcome.js";
import { type RecordOptions, recordTokenChange } from "./record.js";

/** Ends one of a user's own tokens inside of a transaction that holds the lock; its earlier values end with it. */
export async function revokeToken(
  tx: Transaction<Tables>,
  { userId, identifier, actor }: TokenToRevoke,
  options: RecordOptions,
): Promise<LockedResult<RevokeTokenOutcome>> {
  const row = await tx
    .selectFrom("api_tokens")
    .select(["id", "owner"])
    .where("identifier", "=", identifier)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  if (!row) {
    // The same for somebody else's: whose tokens there are is nobody's business.
    const message = "the user has no token with that identifier";
    return { commit: false, value: refusal([{ code: "not_found", field: "identifier", message }]) };
  }
  if (row.owner !== null) {
    const message = "the token is managed by a configuration file: end it there, with `state: absent`";
    return { commit: false, value: refusal([{ code: "managed_by_configuration", field: "identifier", message }]) };
  }
  await tx.deleteFrom("api_tokens").where("id", "=", row.id).execute();
  await recordTokenChange(tx, actor, { action: "delete", key: identifier, id: row.id, fields: [] }, options);
  return { commit: true, value: { kind: "revoked" } };
}
