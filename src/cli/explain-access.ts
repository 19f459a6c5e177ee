import { claimedAccess } from "../access/claimed-access.js";
import { findNamed, writeNamed } from "../access/find-named.js";
import { explainAccess, type WhyPrincipal } from "../access/why.js";
import { SetupError, setupError } from "../errors.js";
import { isJsonObject, type JsonObject, parseJson } from "../oidc/jwt/json-object.js";
import { readSetters } from "../operations/explain-access.js";
import type { ExplainedAccess } from "../report/why.js";
import { maskRandom } from "../secrets/random-looking.js";
import { isPermission } from "../users/names.js";
import { readFile } from "../yaml/value-sources.js";
import { type accessOptions, readAccess } from "./access-facts.js";
import type { CliContext } from "./context.js";
import type { SettingsOf } from "./options.js";
import { readDatabase } from "./use-database.js";

/** The options that explaining access reads. */
type ExplainSettings = SettingsOf<typeof accessOptions> & { readonly claims: string | undefined };

/**
 * Answers whether a principal has a permission, in the database or after `apply` of files, and where that comes from.
 *
 * @throws SetupError where there is no such principal, or the command line is wrong
 */
export async function answerAccess(
  context: CliContext,
  settings: ExplainSettings,
  [asked = "", permission = ""]: readonly string[],
): Promise<ExplainedAccess> {
  if (!isPermission(permission)) {
    const hint = "write it as files do, such as taken.view_externetaak";
    throw usage(`${maskRandom(permission)} is not a permission`, hint);
  }
  const { facts, rangeOf } = await readAccess(context, settings);
  const named = findNamed(facts, asked, ["user", "token", "client"]);
  if ((named.kind === "client") !== (settings.claims !== undefined)) {
    throw named.kind === "client"
      ? usage("what a client's claims give depends on the claims", "name a JSON file with them: --claims FILE")
      : usage("--claims is for client:ID alone", "remove it, or ask about a client");
  }
  const claims = settings.claims === undefined ? {} : await readClaims(context, settings.claims);
  const principal: WhyPrincipal =
    named.kind === "client" ? { kind: "claims", claimed: await claimedAccess(facts, named.client, claims) } : named;
  const why = explainAccess(facts, principal, permission, Date.now());
  return {
    principal: { kind: named.kind, name: writeNamed(named).slice(named.kind.length + 1) },
    why,
    positionOf: (cause) => rangeOf?.(cause, cause.attribute, cause.item)?.position,
    setBy: rangeOf ? new Map() : await readDatabase(context, settings, ({ kysely }) => readSetters(kysely, why)),
  };
}

/** Claims are personal data: what is wrong with them is told without them. */
async function readClaims(context: CliContext, path: string): Promise<JsonObject> {
  const text = await readInput(context, path, "--claims");
  const claims = parseJson(text);
  if (isJsonObject(claims)) return claims;
  throw setupError(
    "invalid",
    "WRONG_TYPE",
    "the claims are not a JSON object",
    'write them as a token or userinfo has them, such as {"sub": "…", "preferred_username": "jan", "groups": ["beheer"]}',
  );
}

/**
 * The text of a file, or of standard input where it is called `-`.
 *
 * @throws SetupError where it can't be read
 */
export async function readInput(context: CliContext, path: string, option: string): Promise<string> {
  if (path === "-") return (await context.stdin()).toString("utf8");
  const file = readFile(path, option, { env: context.env, cwd: context.cwd });
  if (file.kind === "read") return file.value.reveal();
  throw new SetupError("refused", [file.diagnostic]);
}

export function usage(message: string, hint: string): SetupError {
  return setupError("usage", "COMMAND_LINE", message, hint);
}
