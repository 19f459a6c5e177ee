import { randomUUID } from "node:crypto";
import { userShowCommand } from "../../src/cli/commands/user-show.js";
import { createCliContext } from "../../src/cli/context.js";
import { runUserOperation } from "../../src/cli/run-user-operation.js";
import { type DiagnosticCode, SetupError } from "../../src/errors.js";
import { changeUsers, type UserOperation } from "../../src/operations/change-users.js";
import { activation, deactivation } from "../../src/operations/deactivate-users.js";
import { passwordChange, sessionsEnd, unlinking } from "../../src/operations/end-sign-ins.js";
import type { Canaries } from "../support/canaries.js";
import { databaseOf } from "../support/databases.js";
import { openForTest } from "../support/run.js";

type Provoke = (folder: string) => Promise<unknown>;

/** How the commands for users come to each of their codes, in a folder whose database has been applied. */
export function canaryUsers(
  { make }: Canaries,
  applied: (folder: string) => Promise<unknown>,
): Readonly<Partial<Record<DiagnosticCode, Provoke>>> {
  const actor = { actor: "jan" };
  const name = "beheerder";

  const change = async (folder: string, operation: UserOperation, row: object = {}) => {
    await applied(folder);
    const { kysely } = await openForTest(databaseOf(folder));
    const { id } = await kysely.selectFrom("users").select("id").where("username", "=", name).executeTakeFirstOrThrow();
    await kysely
      .updateTable("users")
      .set({ first_name: make("first-name"), ...row })
      .where("id", "=", id)
      .execute();
    const times = { created_at: "2026-01-01", seen_at: "2026-01-01", expires_at: "2099-01-01" };
    const session = { digest: make("session"), user_id: id, client: "admin-oidc", ...times };
    await kysely
      .insertInto("login_sessions")
      .values({ ...session, client_id: null, id_token: null, code_digest: null })
      .execute();
    const options = {
      now: Date.now,
      newId: randomUUID,
      through: "user activate",
      allowsLastAdministrator: false,
      sign: () => undefined,
    } as const;
    const { value } = await kysely.transaction().execute((tx) => changeUsers(tx, [name], operation, actor, options));
    if (value.kind === "refused") throw new SetupError("refused", [{ severity: "error", ...value.refusal }]);
    if (value.kind === "changed") throw new SetupError("refused", value.notes);
  };
  const run = async (folder: string, names: readonly string[]) => {
    await applied(folder);
    const settings = { database: databaseOf(folder), wait: 0, output: "text", actor: undefined } as const;
    const command = { command: "user deactivate", done: "Deactivated", names, actor } as const;
    return runUserOperation(createCliContext(process), settings, { ...command, operation: deactivation(actor) });
  };

  return {
    BEARER_TOKENS_STAY: (folder) => change(folder, sessionsEnd),
    LINKS_AGAIN: (folder) => change(folder, unlinking, { issuer: "https://op.example", subject: make("subject") }),
    USER_INACTIVE: (folder) => change(folder, activation, { is_active: 0 }),
    USER_OF_PROVIDER: (folder) => change(folder, passwordChange(make("hash")), { subject: make("linked-subject") }),
    USER_OF_TOKEN: (folder) => run(folder, ["standaard"]),
    USER_NOT_FOUND: async (folder) => {
      await applied(folder);
      const settings = { database: databaseOf(folder), wait: 0, output: "text" } as const;
      // Instead of a name, a password was pasted.
      return userShowCommand.run(createCliContext(process), settings, [make("pasted-password")]);
    },
  };
}
