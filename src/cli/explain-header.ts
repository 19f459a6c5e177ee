import { type ClaimedAccess, claimedAccess } from "../access/claimed-access.js";
import type { AccessFacts } from "../access/facts.js";
import { findNamed } from "../access/find-named.js";
import { readAccessFacts } from "../access/read-facts.js";
import { explainAccess, type WhyPrincipal } from "../access/why.js";
import type { Database } from "../database/database.js";
import { readSetters } from "../operations/explain-access.js";
import { answerHeader, type HeaderAnswer } from "../report/explained-header.js";
import type { ExplainedAccess } from "../report/why.js";
import { isPermission } from "../users/names.js";
import { type ExplainedHeader, explainHeader } from "../verifier/explain.js";
import type { CliContext } from "./context.js";
import { readInput, usage } from "./explain-access.js";
import type { databaseOptions, SettingsOf } from "./options.js";
import { readDatabase } from "./use-database.js";

/** The options that explaining a header reads. */
export type HeaderSettings = SettingsOf<typeof databaseOptions> & {
  readonly headerFile: string | undefined;
  readonly tokenStdin: boolean;
  readonly client: readonly string[];
  readonly offline: boolean;
  readonly source: string | undefined;
};

export interface AnsweredHeader {
  readonly header: HeaderAnswer;
  /** Whether its caller has the permission that was asked about; undefined where none was, or there is no caller. */
  readonly access: ExplainedAccess | undefined;
}

/**
 * Has the verifier check a header, and looks whether its caller has a permission.
 *
 * @throws SetupError where the database does not answer, or the command line is wrong
 */
export async function answerRequest(
  context: CliContext,
  settings: HeaderSettings,
  [permission, ...others]: readonly string[],
): Promise<AnsweredHeader> {
  if (others.length > 0 || (permission !== undefined && !isPermission(permission))) {
    throw usage("with a header, only a permission can be asked about", "write one permission, or none");
  }
  const authorization = await readAuthorization(context, settings);
  const explained = await readDatabase(context, settings, () =>
    explainHeader(authorization, {
      database: settings.database,
      ...(settings.client.length > 0 && { clients: settings.client }),
      env: context.env,
      isOffline: settings.offline,
      source: settings.source,
    }),
  );
  return readDatabase(context, settings, (database) => answer(database, explained, permission));
}

async function answer(
  { kysely }: Database,
  explained: ExplainedHeader,
  permission: string | undefined,
): Promise<AnsweredHeader> {
  const { end } = explained;
  if (end.kind !== "authenticated" && end.kind !== "unwritten") {
    return { header: answerHeader(explained, undefined), access: undefined };
  }
  const facts = await readAccessFacts(kysely);
  const claimed = end.kind === "unwritten" ? await claim(facts, end) : undefined;
  const header = answerHeader(explained, claimed);
  const principal = permission === undefined ? undefined : principalOf(facts, explained, claimed);
  if (permission === undefined || !principal) return { header, access: undefined };
  const why = explainAccess(facts, principal.of, permission, Date.now());
  const setBy = await readSetters(kysely, why);
  return { header, access: { principal: principal.named, why, positionOf: () => undefined, setBy } };
}

function claim(
  facts: AccessFacts,
  { client, claims, identity }: Extract<ExplainedHeader["end"], { readonly kind: "unwritten" }>,
): Promise<ClaimedAccess> | undefined {
  const found = [...facts.clients.values()].find(({ identifier }) => identifier === client);
  return found && claimedAccess(facts, found, claims, identity);
}

function principalOf(
  facts: AccessFacts,
  { end }: ExplainedHeader,
  claimed: ClaimedAccess | undefined,
): { readonly of: WhyPrincipal; readonly named: ExplainedAccess["principal"] } | undefined {
  if (claimed) return { of: { kind: "claims", claimed }, named: { kind: "client", name: claimed.client.identifier } };
  if (end.kind !== "authenticated") return undefined;
  const { scheme, credential, user } = end.principal;
  const [kind, name] = scheme === "token" ? (["token", credential] as const) : (["user", user.username] as const);
  return { of: findNamed(facts, `${kind}:${name}`, [kind]), named: { kind, name } };
}

/** The values of the header: more than one where the file has several lines of it. */
async function readAuthorization(
  context: CliContext,
  { headerFile, tokenStdin }: HeaderSettings,
): Promise<string | readonly string[]> {
  if (headerFile !== undefined && tokenStdin) {
    throw usage("--header-file and --token-stdin exclude each other", "remove one of the two");
  }
  if (headerFile === undefined) return withScheme((await readInput(context, "-", "--token-stdin")).trim());
  const text = await readInput(context, headerFile, "--header-file");
  const lines = text.split(/\r?\n/);
  // Also as curl -v prints it.
  const named = lines.flatMap((line) => /^(?:>\s*)?authorization:(.*)$/i.exec(line)?.[1] ?? []);
  return named.length > 0 ? named.map((value) => value.trim()) : text.replace(/\r?\n$/, "");
}

/** A JWT, also one of five parts, is sent as `Bearer`, anything else as `Token`. */
function withScheme(credential: string): string {
  const isJwt = /^ey[\w-]*(?:\.[\w-]*){2,4}$/.test(credential);
  return `${isJwt ? "Bearer" : "Token"} ${credential}`;
}
