import type { ChangeSignal } from "../../database/live-database.js";
import type { UsableClient } from "../resource-metadata.js";
import { type BearerContext, currentCache } from "./authenticate.js";
import { type ClientSnapshot, messageOf } from "./client-snapshot.js";

/**
 * The clients that accept tokens now, by identifier. Waits for a discovery document where only that has the issuer.
 *
 * @throws SetupError when the database does not answer
 */
export async function readUsableClients(
  bearer: BearerContext,
  changes: ChangeSignal,
): Promise<readonly UsableClient[]> {
  const { configuration } = await currentCache(bearer, await changes.current());
  const unknown = configuration.members.filter(
    (member) => member.isEnabled && !member.client && member.issuer === null,
  );
  if (unknown.length === 0) return usableIn(configuration);
  await Promise.all(unknown.map(({ provider }) => provider.resolve()));
  const resolved = await currentCache(bearer, await changes.current());
  return usableIn(resolved.configuration);
}

function usableIn(configuration: ClientSnapshot): readonly UsableClient[] {
  return configuration.members.flatMap(({ identifier, isEnabled, issuer, client }) => {
    // While its discovery document is missing, its tokens may be valid.
    const isUsable = client
      ? client.access.kind === "open" && messageOf(client, configuration) === undefined
      : isEnabled;
    return isUsable ? { identifier, issuer: client?.provider.issuer ?? issuer ?? undefined } : [];
  });
}
