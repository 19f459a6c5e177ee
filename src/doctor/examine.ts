import { setMaxListeners } from "node:events";
import { planFacts } from "../access/planned-facts.js";
import { readAccessFacts } from "../access/read-facts.js";
import type { LoadOptions } from "../apply/options.js";
import { plannedAccess } from "../apply/planned-access.js";
import type { Configuration } from "../apply/run.js";
import { stopIfInterrupted } from "../apply/wait.js";
import type { Database } from "../database/database.js";
import { withoutPassword } from "../database/open.js";
import type { Change } from "../plan/resource.js";
import { examineAdministrators } from "./administrators.js";
import { type Bounded, createBounds } from "./bounds.js";
import { examineDatabase } from "./database.js";
import { type ExaminedFiles, examineFiles, planFiles } from "./files.js";
import { type Finding, failed, type Status, type Subject } from "./finding.js";
import { readOpenIdEntries } from "./openid.js";
import { examineProvider } from "./provider.js";
import { examineSealingKey } from "./sealing-key.js";
import { examineTokens } from "./tokens.js";

export interface DoctorOptions {
  readonly database: string;
  /** None: only the database is looked at. */
  readonly files: readonly string[];
  /** How the files are read. */
  readonly load: LoadOptions & { readonly noEnv: boolean };
  readonly owner?: string | undefined;
  readonly env: LoadOptions["env"];
  /** False: no provider is asked. */
  readonly usesNetwork: boolean;
  /** By the identifiers of clients. */
  readonly redirectUris: ReadonlyMap<string, string>;
  /** Of all checks together. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly now: () => Date;
}

export interface Examination {
  /** By their subjects: files, database, key, providers each with its clients, tokens, administrators. */
  readonly findings: readonly Finding[];
  readonly summary: Readonly<Record<Status, number>>;
}

// A check that gets less time than all of them together lets the others be told.
const checkTimeoutMs = 15_000;
const requestTimeoutMs = 10_000;

/**
 * Looks at the whole set-up: what the rest needs first, and then everything side by side. Writes nothing: no row, no table, no key.
 *
 * @throws SetupError `INTERRUPTED`
 */
export async function examine(options: DoctorOptions): Promise<Examination> {
  const over = new AbortController();
  // Each check and each request listens.
  setMaxListeners(0, over.signal);
  const end = () => over.abort();
  const timer = setTimeout(end, options.timeoutMs);
  options.signal?.addEventListener("abort", end);
  let database: Database | undefined;
  let isAbsent = false;
  try {
    const bounded = createBounds(over.signal, checkTimeoutMs);
    const { files, load, env } = options;
    const ofFiles = files.length === 0 ? noFiles : await examineFiles(files, load);
    const subject: Subject = { kind: "database", key: withoutPassword(options.database) };
    const ofDatabase = await bounded(subject, "database", async () => {
      const examined = await examineDatabase(options.database, env);
      ({ database, isAbsent } = examined);
      return examined.findings;
    });
    const { configuration } = ofFiles;
    const rest = await examineEntries({
      options,
      over: over.signal,
      bounded,
      subject,
      database,
      isAbsent,
      configuration,
    });
    stopIfInterrupted(options.signal);
    const findings = withoutRepetitions([...ofFiles.findings, ...ofDatabase, ...rest]);
    return { findings, summary: summarize(findings) };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", end);
    await database?.close().catch(() => {});
  }
}

const noFiles: ExaminedFiles = { findings: [], configuration: undefined };

interface Context {
  readonly options: DoctorOptions;
  /** Aborted when the time of all checks is over. */
  readonly over: AbortSignal;
  readonly bounded: Bounded;
  /** The database's. */
  readonly subject: Subject;
  readonly database: Database | undefined;
  readonly isAbsent: boolean;
  readonly configuration: Configuration | undefined;
}

async function examineEntries(context: Context): Promise<readonly Finding[]> {
  const { options, over, bounded, subject, database, configuration } = context;
  const { env, now } = options;
  const desired = configuration?.resources ?? [];
  const ofKey = database ? await bounded(subject, "key", () => examineSealingKey(database, env)) : [];
  const isKeyGood = ofKey.every(({ status }) => status === "ok" || status === "warning");
  const providers = async () => {
    const found = await readOpenIdEntries({ database, env, desired });
    const network = { signal: over, timeoutMs: requestTimeoutMs, nowMs: () => now().getTime() };
    return Promise.all(found.map((each) => examineProvider(each, { ...options, ...network, bounded })));
  };
  const [ofProviders, ofTokens, ofPlan] = await Promise.all([
    // Each check of a provider has its own time.
    providers().then(
      (all) => all.flat(),
      (error: unknown) => failed(subject, "providers", error),
    ),
    database ? bounded(subject, "tokens", () => examineTokens(database.kysely, desired, now().getTime())) : [],
    database ? examinePlan(context, database, isKeyGood ? configuration : undefined) : examineFirst(context),
  ]);
  return [...ofKey, ...ofProviders, ...ofTokens, ...ofPlan];
}

/** What the files would change, and who could then sign in as an administrator. */
async function examinePlan(
  { options, bounded, subject, over }: Context,
  database: Database,
  configuration: Configuration | undefined,
): Promise<readonly Finding[]> {
  let changes: readonly Change[] = [];
  const ofPlan =
    configuration &&
    (await bounded(subject, "plan", async () => {
      const { strict, allow, deny } = options.load;
      const planning = { ...options, strict, allow, deny, signal: over };
      const planned = await planFiles(options.files, configuration, planning);
      changes = planned.result?.changes ?? [];
      return planned.findings;
    }));
  const ofAdministrators = await bounded(subject, "administrators", async () =>
    examineAdministrators(planFacts(await readAccessFacts(database.kysely), changes)),
  );
  return [...(ofPlan ?? []), ...ofAdministrators];
}

/** Who can sign in as an administrator once the files have filled a database that is not there yet. */
function examineFirst({
  options,
  bounded,
  subject,
  isAbsent,
  configuration,
}: Context): readonly Finding[] | Promise<readonly Finding[]> {
  if (!isAbsent || !configuration) return [];
  return bounded(subject, "administrators", async () => {
    const { strict, allow, deny } = options.load;
    const planning = { owner: options.owner, strict, allow, deny, now: options.now, database: undefined };
    return examineAdministrators((await plannedAccess(configuration, planning)).facts);
  });
}

/** What two checks come upon is said once. */
function withoutRepetitions(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ subject, status, code, message }) => {
    const name = JSON.stringify([subject, code, message]);
    const isNew = status === "ok" || !seen.has(name);
    seen.add(name);
    return isNew;
  });
}

function summarize(findings: readonly Finding[]): Examination["summary"] {
  const count = (status: Status) => findings.filter((finding) => finding.status === status).length;
  return {
    ok: count("ok"),
    warning: count("warning"),
    failure: count("failure"),
    unreachable: count("unreachable"),
  };
}
