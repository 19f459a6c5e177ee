import type { Kysely } from "kysely";
import type { Tables } from "../database/tables.js";
import type { Candidate } from "./candidates.js";
import type { CompletionSource } from "./completes.js";
import type { CliContext } from "./context.js";

/** More than anybody reads, and all that is read of a big database. */
const maxNames = 2000;

type Query = (kysely: Kysely<Tables>) => Promise<readonly (string | null)[]>;

/** Where the names in the database are. */
const queries: Readonly<Partial<Record<CompletionSource, Query>>> = {
  token: tokens,
  user: users,
  owner: owners,
  permission: permissions,
  "user:": prefixed("user:", users),
  "token:": prefixed("token:", tokens),
  "client:": prefixed("client:", clients),
  "permission:": prefixed("permission:", permissions),
};

/**
 * Reads what these sources have. A database that can't be read within the time has no names: nobody asked for an error, and nothing is
 * created.
 *
 * @param database its URL; undefined where the command uses none
 */
export async function readNames(
  context: CliContext,
  database: string | undefined,
  sources: readonly CompletionSource[],
  maxWaitMs: number,
): Promise<readonly Candidate[]> {
  const known = await Promise.all(sources.map(knownNames));
  const asked = sources.flatMap((source) => queries[source] ?? []);
  if (database === undefined || asked.length === 0) return known.flat();
  const late = new Promise<readonly string[]>((resolve) => setTimeout(() => resolve([]), maxWaitMs).unref());
  const read = readFrom(context, database, asked).catch(() => []);
  const names = await Promise.race([read, late]);
  return [...known.flat(), ...names.map((value) => ({ value, description: "" }))];
}

async function readFrom(context: CliContext, database: string, asked: readonly Query[]): Promise<readonly string[]> {
  const { readDatabase } = await import("./use-database.js");
  return readDatabase(context, { database, wait: 0 }, async ({ kysely }) => {
    const names: (readonly (string | null)[])[] = [];
    for (const query of asked) names.push(await query(kysely));
    return names.flat().filter((name) => name !== null);
  });
}

/** What this program knows without a database. */
async function knownNames(source: CompletionSource): Promise<readonly Candidate[]> {
  switch (source) {
    case "code":
    case "allowable code": {
      const { diagnosticCodes, isCode, whyNotAllowable } = await import("../errors.js");
      return Object.entries(diagnosticCodes).flatMap(([value, description]) =>
        source === "code" || (isCode(value) && whyNotAllowable(value) === undefined) ? [{ value, description }] : [],
      );
    }
    case "kind":
    case "namespace": {
      const { coreSteps } = await import("../resources/registry.js");
      return coreSteps.flatMap(({ namespace, title, kinds }) =>
        source === "kind"
          ? kinds.map((value) => ({ value, description: "" }))
          : [{ value: namespace, description: title }],
      );
    }
    default:
      return [];
  }
}

function prefixed(prefix: string, query: Query): Query {
  return async (kysely) => (await query(kysely)).map((name) => `${prefix}${name}`);
}

async function tokens(kysely: Kysely<Tables>): Promise<readonly string[]> {
  const rows = await kysely
    .selectFrom("api_tokens")
    .select("identifier")
    .orderBy("identifier")
    .limit(maxNames)
    .execute();
  return rows.map(({ identifier }) => identifier);
}

/** Nobody names the user that exists for one token only. */
async function users(kysely: Kysely<Tables>): Promise<readonly string[]> {
  const people = kysely.selectFrom("users").select("username").where("is_service", "=", 0);
  return (await people.orderBy("username").limit(maxNames).execute()).map(({ username }) => username);
}

async function clients(kysely: Kysely<Tables>): Promise<readonly string[]> {
  const rows = await kysely.selectFrom("oidc_clients").select("identifier").limit(maxNames).execute();
  return rows.map(({ identifier }) => identifier);
}

async function permissions(kysely: Kysely<Tables>): Promise<readonly string[]> {
  const ofUsers = kysely.selectFrom("user_permissions").select("permission");
  const all = ofUsers.union(kysely.selectFrom("group_permissions").select("permission"));
  return (await all.limit(maxNames).execute()).map(({ permission }) => permission);
}

async function owners(kysely: Kysely<Tables>): Promise<readonly (string | null)[]> {
  const of = (table: "users" | "groups" | "oidc_providers" | "oidc_clients" | "api_tokens" | "owner_policies") =>
    kysely.selectFrom(table).select("owner").where("owner", "is not", null);
  const all = of("users").union(of("groups")).union(of("oidc_providers")).union(of("oidc_clients"));
  return (await all.union(of("api_tokens")).union(of("owner_policies")).limit(maxNames).execute()).map(
    ({ owner }) => owner,
  );
}
