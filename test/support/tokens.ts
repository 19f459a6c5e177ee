import { createHash } from "node:crypto";
import { openDatabase } from "../../src/database/open.js";

/** A file of tokens whose values, contact, permissions and grace period all follow from `version`. */
export function tokensYaml(count: number, version: string): string {
  const items = Array.from({ length: count }, (_, index) => [
    `    - identifier: app-${index}`,
    `      token: ${tokenOf(index, version)}`,
    "      contact_person: Functioneel beheer",
    `      email: ${version}@gemeente.example`,
    `      permissions: [taken.${version}_externetaak]`,
    "      grace_period: 24h",
  ]);
  return ["tokenauth_config_enable: true", "tokenauth:", "  items:", ...items.flat(), ""].join("\n");
}

function tokenOf(index: number, version: string): string {
  return createHash("sha256").update(`${version} ${index}`).digest("hex").slice(0, 40);
}

/** Hex SHA-256 of each token's value, sorted. */
export function digestsOf(count: number, version: string): readonly string[] {
  return Array.from({ length: count }, (_, index) =>
    createHash("sha256").update(tokenOf(index, version)).digest("hex"),
  ).sort();
}

/**
 * What a database says, but for ids and times: each token with its user and permission, the retired values, the audit rows and
 * the revision. Opened afresh, as the next run would; its integrity is checked as well.
 */
export async function stateOf(url: string) {
  const { kysely, close } = await openDatabase(url, "write");
  try {
    const tokens = await kysely
      .selectFrom("api_tokens")
      .innerJoin("users", "users.id", "api_tokens.user_id")
      .innerJoin("user_permissions", "user_permissions.user_id", "users.id")
      .select(["identifier", "digest", "api_tokens.email", "username", "is_service", "permission"])
      .orderBy("identifier")
      .execute();
    const retired = await kysely.selectFrom("api_token_retired").select("digest").orderBy("digest").execute();
    const changes = await kysely
      .selectFrom("run_changes")
      .innerJoin("runs", "runs.id", "run_changes.run_id")
      .select(({ fn }) => ["run_id", "action", "kind", fn.countAll<number>().as("count")])
      .groupBy(["run_id", "started_at", "action", "kind"])
      .orderBy("started_at")
      .execute();
    const count = async (table: "users" | "api_tokens" | "user_permissions" | "runs") =>
      (
        await kysely
          .selectFrom(table)
          .select(({ fn }) => fn.countAll<number>().as("count"))
          .executeTakeFirstOrThrow()
      ).count;
    return {
      tokens,
      retired: retired.map(({ digest }) => digest),
      changes: changes.map(({ run_id: _, ...counted }) => counted),
      counts: [await count("users"), await count("api_tokens"), await count("user_permissions"), await count("runs")],
      revision: await kysely.selectFrom("setup_state").select("revision").execute(),
    };
  } finally {
    await close();
  }
}
