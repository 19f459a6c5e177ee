import { defineCommand } from "../command.js";
import { exitStatus } from "../exit-status.js";
import { envOptions, filesArgument, flag, loadOptions, planOptions, runOptions, runOutputOptions } from "../options.js";

export const planCommand = defineCommand({
  name: "plan",
  group: "Configuration commands:",
  summary: "show what apply would change",
  description:
    "Shows what apply would create, update and delete, and changes nothing. Use it before apply, and on pull requests: with --detailed-exitcode, a pipeline sees whether there are changes, and with --no-env it needs no secrets.",
  argument: filesArgument,
  options: {
    ...planOptions,
    ...envOptions,
    ...runOutputOptions,
    drift: flag("output", "--drift", "show only changes that undo what was done at run time"),
    detailedExitcode: flag("output", "--detailed-exitcode", "exit with 2 where there are changes"),
  },
  examples: [
    { purpose: "Show what apply would change", command: "vtb-setup plan config.yaml" },
    {
      purpose: "On a pull request: plan without secrets, and exit with 2 on changes",
      command: "vtb-setup plan --no-env --detailed-exitcode --output json config.yaml",
    },
    {
      purpose: "For a comment on the pull request: who gains rights first, then the changes",
      command: "vtb-setup plan --output markdown config.yaml > comment.md",
    },
    {
      purpose: "In a nightly job: exit with 2 where what the files declare was changed",
      command: "vtb-setup plan --drift --detailed-exitcode config.yaml",
    },
  ],
  statuses: ["changesPlanned", "invalid", "refused", "unavailable"],
  pages: ["command-line.md#plan", "kubernetes.md"],
  run: async (context, settings, files) => {
    const [{ loadConfig }, { plan }, { onlyDrift }, { reportRun }] = await Promise.all([
      import("../../apply/load.js"),
      import("../../apply/plan.js"),
      import("../../apply/drift.js"),
      import("../report-run.js"),
    ]);
    const configuration = await loadConfig(files, {
      ...(await loadOptions(context, settings)),
      noEnv: !settings.env,
    });
    const planned = await plan(configuration, runOptions(context, settings));
    const result = settings.drift ? onlyDrift(planned) : planned;
    await reportRun(context, result, { ...settings, files, shownTokens: [] });
    return settings.detailedExitcode && result.outcome === "planned" ? exitStatus.changesPlanned : exitStatus.done;
  },
});
