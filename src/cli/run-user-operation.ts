import { isGuardAllowed, requireCodes } from "../apply/severity.js";
import { assertNever, type Diagnostic, type DiagnosticCode, SetupError } from "../errors.js";
import { changeUsers, type UserOperation, type UserRefused, type UsersOutcome } from "../operations/change-users.js";
import type { Actor, RecordOptions } from "../operations/record.js";
import type { CliContext } from "./context.js";
import { exitStatus } from "./exit-status.js";
import type { actorOptions, databaseOptions, outputOptions, SettingsOf } from "./options.js";
import { reportOperation, unknownUsers } from "./report-operation.js";
import { showDiagnostics } from "./show-diagnostics.js";
import { changeDatabase } from "./use-database.js";

type Settings = SettingsOf<typeof databaseOptions & typeof actorOptions & typeof outputOptions>;

/** What a command does to users. */
interface UserCommand {
  readonly command: RecordOptions["through"];
  /** What was done, such as `Deactivated`. */
  readonly done: string;
  /** Undefined for all users. */
  readonly names: readonly string[] | undefined;
  readonly actor: Actor;
  readonly operation: UserOperation;
  /** The codes of guards that may be passed. */
  readonly allow?: readonly DiagnosticCode[];
}

/**
 * Runs an operation on users and prints what it did.
 *
 * @throws SetupError with all users to whom it can't be done, where there is one
 */
export async function runUserOperation(
  context: CliContext,
  settings: Settings,
  { command, done, names, actor, operation, allow = [] }: UserCommand,
): Promise<number> {
  requireCodes({ allow, deny: [] });
  const allowsLastAdministrator = isGuardAllowed("LAST_ADMINISTRATOR", { allow });
  const result = await changeDatabase(context, settings, (tx, record) =>
    changeUsers(tx, names, operation, actor, { ...record, through: command, allowsLastAdministrator }),
  );
  if (result.kind !== "changed") throw refusalOf(result, names?.length ?? 0);
  const { notes: diagnostics } = result;
  const { output } = settings;
  await reportOperation(context, result, { command, done, noun: "user", output, diagnostics });
  showDiagnostics(context, diagnostics, { output });
  return exitStatus.done;
}

function refusalOf(result: Exclude<UsersOutcome, { readonly kind: "changed" }>, count: number): SetupError {
  switch (result.kind) {
    case "unknown_names":
      return unknownUsers(result.positions, count);
    case "service_users": {
      const which = count === 1 ? "this user exists" : `the users at position ${result.positions.join(", ")} exist`;
      const hint = "use the commands for tokens, such as vtb-setup token disable or token revoke";
      return refused({ code: "USER_OF_TOKEN", message: `${which} for one API token only`, hint });
    }
    case "refused":
      return refused(result.refusal);
    default:
      return assertNever(result);
  }
}

function refused(refusal: UserRefused["refusal"]): SetupError {
  const diagnostic: Diagnostic = { severity: "error", ...refusal };
  return new SetupError("refused", [diagnostic]);
}
