import { chunk } from "../../database/database.js";
import type { WriteContext } from "../../plan/kind.js";
import { removeUsers, serviceUsers } from "./kind-service-user.js";

/** Removes tokens, and the service users that existed for them. */
export async function removeTokens(context: WriteContext, ids: readonly string[]): Promise<void> {
  const users = await serviceUsers(
    context,
    ids.map((id) => ({ id })),
  );
  for (const batch of chunk(ids, 500)) await context.db.deleteFrom("api_tokens").where("id", "in", batch).execute();
  await removeUsers(context, [...users.values()]);
}
