import type { RunResult } from "../../apply/run.js";
import { withoutPassword } from "../../database/open.js";
import type { DjangoImport } from "../../import/import-django.js";
import { actorOf } from "../actor.js";
import { defineCommand } from "../command.js";
import type { CliContext } from "../context.js";
import { exitStatus } from "../exit-status.js";
import { actorOptions, databaseOptions, flag, outputOptions, planOptions, required, text } from "../options.js";
import { type Printed, printChanges, printResult } from "../print.js";

export const importGroup = {
  name: "import",
  group: "Import commands:",
  summary: "move in from another program",
  description: "What takes over users, tokens and clients from the database of another program.",
} as const;

export const importDjangoCommand = defineCommand({
  name: "import django",
  group: "Import commands:",
  summary: "take over users, tokens and clients from a Django API",
  description:
    "Reads the database of a Django API, such as Open Klant or the Objects API, and writes a file that declares its users, groups, API tokens, and the OpenID Connect clients of mozilla-django-oidc-db. The file holds no secret: tokens are digests, and client secrets come from variables that its first lines name. With --apply, the auth database gets all of it at once, and what a file can't hold as well: client secrets, passwords, and who signs in as whom, so that nobody needs a new secret. Use it once, to move. Django's database is only read. What was not imported is listed with the reason.",
  options: {
    from: required("database", "--from <url>", "the database of the API, sqlite:PATH or postgres://HOST/NAME"),
    ...databaseOptions,
    ...actorOptions,
    apply: flag("plan", "--apply", "make the auth database match at once"),
    owner: planOptions.owner,
    issuer: text("plan", "--issuer <url>", "the issuer of the provider that people sign in through"),
    offline: planOptions.offline,
    allow: planOptions.allow,
    deny: planOptions.deny,
    ...outputOptions,
  },
  examples: [
    {
      purpose: "See what would be imported, and what not",
      command: "vtb-setup import django --from postgres://api@db.example/klant > config.yaml",
    },
    {
      purpose: "Move: make the default auth database, and keep the file for later changes",
      command: "vtb-setup import django --from sqlite:./db.sqlite3 --apply > config.yaml",
    },
  ],
  statuses: ["invalid", "refused", "unavailable"],
  pages: ["command-line.md#import-django", "operations.md#move-from-django", "migrating.md"],
  run: async (context, settings) => {
    const { from, issuer, database, wait, owner, offline, allow, deny } = settings;
    const { env, signal, terminal } = context;
    const [{ applyImport, importDjango }, { applyDefaults }] = await Promise.all([
      import("../../import/import-django.js"),
      import("../../apply/run.js"),
    ]);
    const waiting = { waitMs: wait, env, signal, onWaiting: terminal.waiting };
    const imported = await importDjango({ ...waiting, database: from, issuer, ...(owner !== undefined && { owner }) });
    if (!settings.apply) {
      await printResult(context, await render(context, imported, undefined, settings));
      return exitStatus.done;
    }
    const result = await applyImport(imported, {
      ...waiting,
      ...actorOf(settings.actor),
      database,
      offline,
      allow,
      deny,
      lockTimeoutMs: Math.max(applyDefaults().lockTimeoutMs, wait),
      onStep: terminal.step,
    });
    const printed = await render(context, imported, result, settings);
    if (result.outcome === "applied") await printChanges(context, () => printed, []);
    else await printResult(context, printed);
    return exitStatus.done;
  },
});

interface RenderOptions {
  readonly output: "text" | "json";
  readonly database: string;
}

/** The file is the result; what was applied is told beside it. */
async function render(
  context: CliContext,
  { text, entries, variables, configuration }: DjangoImport,
  result: RunResult | undefined,
  { output, database }: RenderOptions,
): Promise<Printed> {
  const [{ diagnosticToJson, formatVersion, runToJson }, { showDiagnostics }, { renderRun }] = await Promise.all([
    import("../../report/json.js"),
    import("../show-diagnostics.js"),
    import("../../report/run.js"),
  ]);
  const { diagnostics } = result ?? { diagnostics: configuration.warnings };
  showDiagnostics(context, diagnostics, { output });
  if (output === "json") {
    const value = {
      formatVersion,
      ...(result ? runToJson(result, []) : { outcome: "ok" }),
      command: "import django",
      items: [{ entries, variables, text }],
      diagnostics: diagnostics.map(diagnosticToJson),
    };
    return { kind: "json", value };
  }
  if (result && context.terminal.logFormat === "text") {
    const { width, talkStyle } = context.terminal;
    const { paint } = talkStyle;
    const shown = {
      files: ["the import"],
      shownTokens: [],
      drift: false,
      database: withoutPassword(database),
      paint,
      width,
    };
    context.terminal.talk([...renderRun(result, shown)].join(""));
  }
  return { kind: "text", text };
}
