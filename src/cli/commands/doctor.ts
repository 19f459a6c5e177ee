import { defineCommand } from "../command.js";
import { exitStatus } from "../exit-status.js";
import {
  configOptions,
  databaseOptions,
  duration,
  envOptions,
  flag,
  list,
  loadOptions,
  outputOptions,
  planOptions,
} from "../options.js";
import { printResult } from "../print.js";

const defaultTimeoutMs = 30_000;

export const doctorCommand = defineCommand({
  name: "doctor",
  group: "Configuration commands:",
  summary: "check the whole set-up, and say what to do",
  description:
    "Checks the database, its key, each OpenID provider with its clients, API tokens, and whether an administrator can sign in: ok, warning, failure or unreachable, with what to do. Use it when something does not work, before a deployment with the files to come, and as a nightly job. It writes nothing.",
  argument: {
    terms: "[files...]",
    description: "YAML files, folders or -, whose entries are checked as they would be once applied",
  },
  options: {
    ...configOptions,
    ...envOptions,
    owner: planOptions.owner,
    redirectUri: list(
      "check",
      "--redirect-uri <uri>",
      "ask the provider whether it knows this redirect URI of admin-oidc, or CLIENT=URI of another client",
    ),
    database: databaseOptions.database,
    offline: flag("check", "--offline", "ask no provider"),
    timeout: duration("check", "--timeout <duration>", "how long all checks may take; defaults to 30s"),
    ...outputOptions,
  },
  examples: [
    { purpose: "Check the default database and what it names", command: "vtb-setup doctor" },
    {
      purpose: "Before a deployment: also check what the files would change",
      command: "vtb-setup doctor config.yaml \\\n  --redirect-uri https://beheer.example/oidc/callback",
    },
    {
      purpose: "In a nightly job: list all that is not well",
      command: `vtb-setup doctor --output json | jq '.items[] | select(.status != "ok")'`,
    },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#doctor", "operations.md#something-does-not-work", "diagnostics.md"],
  run: async (context, settings, files) => {
    const [{ examine }, { examinationToJson, renderExamination }, { readRedirectUris }] = await Promise.all([
      import("../../doctor/examine.js"),
      import("../../report/doctor.js"),
      import("../../doctor/redirect-uri.js"),
    ]);
    const { terminal, env, signal } = context;
    const examination = await examine({
      database: settings.database,
      files,
      load: { ...(await loadOptions(context, settings)), noEnv: !settings.env },
      owner: settings.owner,
      env,
      usesNetwork: !settings.offline,
      redirectUris: readRedirectUris(settings.redirectUri),
      timeoutMs: settings.timeout ?? defaultTimeoutMs,
      signal,
      now: () => new Date(),
    });
    const { outPaint: paint, outIsTerminal, width } = terminal;
    if (settings.output === "json") {
      await printResult(context, { kind: "json", value: examinationToJson(examination) });
    } else {
      const text = renderExamination(examination, { paint, width: outIsTerminal ? width : undefined });
      await printResult(context, { kind: "text", text });
    }
    const { failure, unreachable } = examination.summary;
    if (failure > 0) return exitStatus.refused;
    return unreachable > 0 ? exitStatus.unavailable : exitStatus.done;
  },
});
