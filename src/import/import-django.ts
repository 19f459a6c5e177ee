import { apply } from "../apply/apply.js";
import { type ExportedVariable, writableParts, writeEntries } from "../apply/export.js";
import { loadConfig } from "../apply/load.js";
import type { ApplyOptions, DatabaseOptions } from "../apply/options.js";
import { requireOwner } from "../apply/owners.js";
import { type Configuration, type RunResult, runDefaults, withDatabase } from "../apply/run.js";
import { escapeControls } from "../characters.js";
import { defaultOwner } from "../config/settings-schema.js";
import { type Diagnostic, SetupError, setupError } from "../errors.js";
import type { Resource } from "../plan/resource.js";
import { apiToken, type DesiredLink, group, oidcClient, oidcProvider, user } from "../resources/kinds.js";
import { coreSteps } from "../resources/registry.js";
import { PasswordHash } from "../secrets/password.js";
import { isSecret } from "../secrets/secret.js";
import { version } from "../version.js";
import { writeYaml } from "../yaml/write.js";
import { importOidc } from "./django-oidc.js";
import { type DjangoTables, readDjangoTables } from "./django-tables.js";
import { importTokens } from "./django-tokens.js";
import { importGroups, importUsers } from "./django-users.js";
import { type Imported, withoutEntries } from "./entries.js";

interface DjangoOptions extends DatabaseOptions {
  /** Who manages what is imported. */
  readonly owner: string;
  /** The issuer of the provider that people sign in through. */
  readonly issuer?: string | undefined;
}

/** A file that declares what a Django database holds, without its secrets. */
export interface DjangoImport {
  readonly text: string;
  readonly entries: number;
  readonly variables: readonly ExportedVariable[];
  /** The same with its secrets, for {@link applyImport}. Its warnings list what stays behind. */
  readonly configuration: Configuration;
}

/** What the file is called in messages about it. */
const fileName = "<import>";

/**
 * Reads the auth tables of a Django API: users, groups, tokens, and the clients of `mozilla-django-oidc-db`.
 *
 * @param given `database` is Django's; it is only read
 * @throws SetupError `IMPORT_SOURCE` (refused)
 */
export async function importDjango(
  given: Partial<DjangoOptions> & { readonly database: string },
): Promise<DjangoImport> {
  const options = { ...runDefaults(), owner: defaultOwner, ...given };
  requireOwner(options.owner);
  const tables = await withDatabase(options, "read", async (database) => {
    if (database !== undefined) return await readDjangoTables(database);
    const hint = "name the file of the API's database, or the server that it is on";
    throw setupError("refused", "IMPORT_SOURCE", "there is no database to import from", hint);
  });
  let imported = fromTables(tables, options.issuer);
  // What is refused stays behind, and so does what depends on it, until the rest is a valid file.
  for (;;) {
    const written = writeImport(imported, options.owner);
    try {
      const configuration = withHashes(await load(written, options), imported);
      const warnings = [...imported.diagnostics, ...configuration.warnings];
      const { text, entries, variables } = written;
      return { text, entries, variables, configuration: { ...configuration, warnings } };
    } catch (error) {
      imported = withoutEntries(imported, refusedEntries(error));
    }
  }
}

function fromTables(tables: DjangoTables, issuer: string | undefined): Imported {
  const oidc = importOidc(tables, issuer);
  const groups = importGroups(tables);
  const users = importUsers(tables, oidc.signIn);
  const tokens = importTokens(tables);
  return {
    entries: {
      [group.name]: groups.entries,
      [oidcProvider.name]: oidc.providers,
      [oidcClient.name]: oidc.clients,
      [user.name]: users.entries,
      [apiToken.name]: tokens.entries,
    },
    passwordHashes: users.passwordHashes,
    diagnostics: [oidc, groups, users, tokens].flatMap(({ diagnostics }) => diagnostics),
  };
}

interface Written extends Pick<DjangoImport, "text" | "entries" | "variables"> {
  /** What the variables are to hold. */
  readonly env: Readonly<Record<string, string>>;
}

function writeImport({ entries: imported }: Imported, owner: string): Written {
  const rows = new Map(Object.entries(imported).filter(([, list]) => list.length > 0));
  const { root, entries, variables } = writeEntries(owner, writableParts(coreSteps), rows);
  const values = variables.map(({ name, kind, key, what }): [string, string] => {
    // The writers call a secret after its attribute.
    const value = rows.get(kind)?.find((row) => row.key === key)?.attributes[what.toLowerCase()];
    return [name, isSecret(value) ? value.reveal() : ""];
  });
  const comment = [
    `${entries === 1 ? "1 entry" : `${entries} entries`}, imported from a Django database by vtb-setup ${version}.`,
    "Tokens are digests of their values. Passwords are not in this file: `import django --apply` takes their hashes over.",
    ...(variables.length === 0 ? [] : ["It takes secrets from these variables:"]),
    ...variables.map(({ name, kind, key }) => `  ${name}: ${kind} ${escapeControls(key)}`),
  ];
  return {
    text: writeYaml(root, comment),
    entries,
    variables: variables.map(({ what: _, ...variable }) => variable),
    env: Object.fromEntries(values),
  };
}

/** Reads the very text that is printed. */
async function load({ text, env }: Written, { now }: DatabaseOptions): Promise<Configuration> {
  const named = (diagnostic: Diagnostic): Diagnostic => ({
    ...diagnostic,
    message: diagnostic.message.replaceAll("<stdin>", fileName),
    ...(diagnostic.position && { position: { ...diagnostic.position, file: fileName } }),
  });
  const loaded = await loadConfig(["-"], { stdin: () => Promise.resolve(Buffer.from(text)), env, now: now() });
  return {
    ...loaded,
    files: loaded.files.map((file) => ({ ...file, file: fileName })),
    warnings: loaded.warnings.map(named),
    quote: (diagnostics) => loaded.quote(diagnostics).map(named),
  };
}

/**
 * Which entries of each kind a file's errors are about, and the first error of each.
 *
 * @throws SetupError where an error is about none: a mistake in this program
 */
function refusedEntries(error: unknown): ReadonlyMap<string, ReadonlyMap<number, Diagnostic>> {
  if (!(error instanceof SetupError)) throw error;
  const refused = new Map<string, Map<number, Diagnostic>>();
  for (const diagnostic of error.diagnostics.filter(({ severity }) => severity === "error")) {
    const found = writableParts(coreSteps).find(({ step, writer }) =>
      diagnostic.path?.startsWith(`${step.namespace}.${writer.list}.`),
    );
    if (found === undefined) throw error;
    const { step, writer } = found;
    const index = Number.parseInt(diagnostic.path?.slice(`${step.namespace}.${writer.list}.`.length) ?? "", 10);
    const ofKind = refused.get(writer.kind) ?? new Map<number, Diagnostic>();
    refused.set(writer.kind, ofKind.has(index) ? ofKind : ofKind.set(index, diagnostic));
  }
  if (refused.size === 0) throw error;
  return refused;
}

/** With what only a database may hold: the hashes of passwords, and that who signs in with a subject has done so before. */
function withHashes(configuration: Configuration, { passwordHashes }: Imported): Configuration {
  const resources = configuration.resources.map((resource): Resource => {
    if (!user.is(resource)) return resource;
    const { sign_in: link, ...attributes } = resource.attributes;
    const hash = passwordHashes.get(resource.key);
    return {
      ...resource,
      attributes: {
        ...attributes,
        ...(link && { sign_in: { ...link, isProven: link.subject !== null } satisfies DesiredLink }),
        ...(hash && { password: new PasswordHash(hash.reveal()) }),
      },
    };
  });
  return { ...configuration, resources };
}

/** Applies an import: its tokens, clients, links and passwords work from then on as they did in Django. */
export async function applyImport({ configuration }: DjangoImport, options: Partial<ApplyOptions>): Promise<RunResult> {
  const result = await apply(configuration, { ...options, through: "import django" });
  return { ...result, diagnostics: [...result.diagnostics, ...(await findUnlinked(configuration, options))] };
}

/** Users who signed in through a provider, but are not linked to anyone there yet. */
async function findUnlinked(
  { resources }: Configuration,
  options: Partial<ApplyOptions>,
): Promise<readonly Diagnostic[]> {
  const desired = user.resourcesOf(resources).filter(({ attributes }) => attributes.sign_in);
  if (desired.length === 0) return [];
  const linked = await withDatabase({ ...runDefaults(), ...options }, "read", async (database) => {
    const users = await database?.kysely
      .selectFrom("users")
      .select("username")
      .where("subject", "is not", null)
      .execute();
    return new Set(users?.map(({ username }) => username));
  });
  return desired.flatMap(({ key, attributes }): readonly Diagnostic[] => {
    if (linked.has(key)) return [];
    const bySubject = attributes.sign_in?.subject !== null;
    const reason = bySubject
      ? "the provider's issuer is unknown, or the person is linked to another user"
      : "Django knows the name that the person has at the provider, but not the `sub`";
    const hint = bySubject
      ? "name the issuer with --issuer, or let the first sign-in create the link"
      : "the first sign-in with that name creates the link";
    return [
      { severity: "note", code: "NOT_IMPORTED", message: `the link of user ${key} was not imported: ${reason}`, hint },
    ];
  });
}
