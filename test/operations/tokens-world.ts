import { onTestFinished } from "vitest";
import { apply } from "../../src/apply/apply.js";
import type { ApplyOptions } from "../../src/apply/options.js";
import type { CreatedToken, CreateTokenOutcome, NewToken, TokenError } from "../../src/operations/outcome.js";
import { createTokenOperations, type TokenOperations } from "../../src/operations/token-operations.js";
import type { Resource } from "../../src/plan/resource.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import type { Outcome } from "../../src/verifier/verifier.js";
import { sealingEnv } from "../support/databases.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { configurationOf, openForTest, resource, runOptions } from "../support/run.js";
import { user } from "../verifier/verifier-world.js";

export const actor = "login:jan";

export const group: Resource = resource("group", "behandelaars", {
  permissions: ["taken.add_externetaak", "taken.view_externetaak"],
});

/** A member of the group, with one permission of their own. */
export const jan: Resource = user("jan", {
  first_name: "Jan",
  last_name: "de Vries",
  groups: ["behandelaars"],
  permissions: ["berichten.view_bericht"],
});

export interface TokensWorld {
  readonly url: string;
  readonly tokens: TokenOperations;
  readonly apply: (resources: readonly Resource[], overrides?: Partial<ApplyOptions>) => Promise<unknown>;
  readonly idOf: (username: string) => Promise<string>;
  /** Jan's request for a token, changed by `more`. */
  readonly newToken: (more?: Partial<NewToken>) => Promise<NewToken>;
}

/** A database with these resources and its token operations. */
export async function makeTokensWorld(
  resources: readonly Resource[] = [group, jan],
  { now }: { readonly now?: () => number } = {},
): Promise<TokensWorld> {
  const url = await migratedDatabase();
  const applyTo: TokensWorld["apply"] = (more, overrides) =>
    apply(configurationOf(...more), runOptions(url, overrides));
  await applyTo(resources);
  const tokens = await createTokenOperations({ database: url, now });
  onTestFinished(() => tokens.close());
  const database = await openForTest(url);
  const idOf = async (username: string): Promise<string> => {
    const users = database.kysely.selectFrom("users").select("id").where("username", "=", username);
    return (await users.executeTakeFirstOrThrow()).id;
  };
  return {
    url,
    tokens,
    idOf,
    apply: applyTo,
    newToken: async (more = {}) => ({
      userId: more.userId ?? (await idOf("jan")),
      identifier: "zaaksysteem",
      contactPerson: "Jan de Vries",
      email: "jan@gemeente.example",
      actor,
      ...more,
    }),
  };
}

/** Asks a verifier of this database about tokens, as requests with them would. */
export async function verify(url: string, now?: () => number): Promise<(token: string) => Promise<Outcome>> {
  const verifier = await createVerifier({ database: url, env: sealingEnv(), now });
  onTestFinished(() => verifier.close());
  return async (token) => verifier.authenticate(`Token ${token}`);
}

/** The token, where one was created. */
export function created(outcome: CreateTokenOutcome): CreatedToken {
  if (outcome.kind !== "created") throw new Error(`expected a token: ${JSON.stringify(outcome)}`);
  return outcome;
}

/** What was wrong, as code and field. */
export function errorsOf(outcome: {
  readonly kind: string;
  readonly errors?: readonly TokenError[];
}): readonly string[] {
  return (outcome.errors ?? []).map(({ code, field }) => (field ? `${code} ${field}` : code));
}
