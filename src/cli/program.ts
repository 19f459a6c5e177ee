import type { Command } from "commander";
import { addCommand, addGroup, type CommandDefinition, createRoot } from "./command.js";
import { accessCommand } from "./commands/access.js";
import { adminCommand } from "./commands/admin.js";
import { applyCommand } from "./commands/apply.js";
import { backupCommand, restoreCommand } from "./commands/backup.js";
import { completionCommand } from "./commands/completion.js";
import { doctorCommand } from "./commands/doctor.js";
import { exampleCommand } from "./commands/example.js";
import { explainCommand } from "./commands/explain.js";
import { exportCommand } from "./commands/export.js";
import { historyExportCommand, historyListCommand } from "./commands/history-list.js";
import { historyTrimCommand } from "./commands/history-trim.js";
import { historyHeadCommand, historyVerifyCommand } from "./commands/history-verify.js";
import { importDjangoCommand, importGroup } from "./commands/import-django.js";
import { keyGroup, keyRotateCommand, keyStatusCommand } from "./commands/key.js";
import { migrateCommand } from "./commands/migrate.js";
import { planCommand } from "./commands/plan.js";
import { renderCommand } from "./commands/render.js";
import { schemaCommand } from "./commands/schema.js";
import { stepsCommand } from "./commands/steps.js";
import { testCommand } from "./commands/test.js";
import { tokenCreateCommand } from "./commands/token-create.js";
import { tokenDisableCommand, tokenEnableCommand } from "./commands/token-disable.js";
import { tokenListCommand } from "./commands/token-list.js";
import { tokenRevokeCommand } from "./commands/token-revoke.js";
import { tokenRotateCommand } from "./commands/token-rotate.js";
import { tokenShowCommand } from "./commands/token-show.js";
import { upgradeCommand } from "./commands/upgrade.js";
import { userActivateCommand, userDeactivateCommand } from "./commands/user-deactivate.js";
import { userEndSessionsCommand } from "./commands/user-end-sessions.js";
import { userListCommand } from "./commands/user-list.js";
import { userSetPasswordCommand } from "./commands/user-set-password.js";
import { userShowCommand } from "./commands/user-show.js";
import { userUnlinkCommand } from "./commands/user-unlink.js";
import { validateCommand } from "./commands/validate.js";
import type { CliContext } from "./context.js";
import type { OptionSet } from "./options.js";

/** The whole command line; `finished` gets the exit status of the command that was run. */
export function createProgram(context: CliContext, finished: (status: number) => void): Command {
  const program = createRoot(context);
  const add = <O extends OptionSet>(command: CommandDefinition<O>) => addCommand(program, command, context, finished);

  add(validateCommand);
  add(planCommand);
  add(applyCommand);
  add(testCommand);
  add(doctorCommand);
  add(renderCommand);
  add(upgradeCommand);
  add(exportCommand);
  add(accessCommand);
  addCommand(addGroup(program, importGroup, context), importDjangoCommand, context, finished);
  const token = addGroup(program, tokenGroup, context);
  const addToken = <O extends OptionSet>(command: CommandDefinition<O>) =>
    addCommand(token, command, context, finished);
  addToken(tokenListCommand);
  addToken(tokenShowCommand);
  addToken(tokenCreateCommand);
  addToken(tokenRotateCommand);
  addToken(tokenRevokeCommand);
  addToken(tokenDisableCommand);
  addToken(tokenEnableCommand);
  const user = addGroup(program, userGroup, context);
  const addUser = <O extends OptionSet>(command: CommandDefinition<O>) => addCommand(user, command, context, finished);
  addUser(userListCommand);
  addUser(userShowCommand);
  addUser(userSetPasswordCommand);
  addUser(userDeactivateCommand);
  addUser(userActivateCommand);
  addUser(userEndSessionsCommand);
  addUser(userUnlinkCommand);
  const key = addGroup(program, keyGroup, context);
  addCommand(key, keyStatusCommand, context, finished);
  addCommand(key, keyRotateCommand, context, finished);
  const history = addGroup(program, historyGroup, context);
  const addHistory = <O extends OptionSet>(command: CommandDefinition<O>) =>
    addCommand(history, command, context, finished);
  addHistory(historyListCommand);
  addHistory(historyExportCommand);
  addHistory(historyVerifyCommand);
  addHistory(historyHeadCommand);
  addHistory(historyTrimCommand);
  add(backupCommand);
  add(restoreCommand);
  add(migrateCommand);
  add(adminCommand);
  add(exampleCommand);
  add(explainCommand);
  add(stepsCommand);
  add(schemaCommand);
  add(completionCommand);

  return program;
}

const tokenGroup = {
  name: "token",
  group: "Token commands:",
  summary: "list, create, rotate and revoke API tokens",
  description: "What is done with API tokens from day to day, without a file.",
} as const;

const userGroup = {
  name: "user",
  group: "User commands:",
  summary: "list, deactivate and unlink users, set passwords",
  description: "What is done with users from day to day, without a file.",
} as const;

const historyGroup = {
  name: "history",
  group: "History commands:",
  summary: "show, check, hand on and trim what was changed",
  description: "The record of runs: who changed what, when, and through what.",
} as const;
