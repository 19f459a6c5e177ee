import { setupError } from "../../errors.js";
import { actorOf } from "../actor.js";
import { defineCommand } from "../command.js";
import type { CliContext } from "../context.js";
import { exitStatus } from "../exit-status.js";
import { actorOptions, choice, databaseOptions, flag, outputOptions } from "../options.js";

export const tokenRevokeCommand = defineCommand({
  name: "token revoke",
  group: "Token commands:",
  summary: "end API tokens for good, such as leaked ones",
  description:
    "Revokes API tokens at once and for good: with their names, all their values, also replaced ones in their grace period; with --stdin, the values that leaked, one per line. Use it in an emergency, also for tokens that a file manages: apply warns, and does not revive a revoked value. A new value in the file works.",
  argument: { terms: "[name...]", description: "the tokens' identifiers", completes: ["token"] },
  options: {
    stdin: flag("token", "--stdin", "read values to revoke from standard input, one per line"),
    reason: choice("token", "--reason <reason>", "why; defaults to other", [
      "leaked",
      "compromised",
      "superseded",
      "unused",
      "other",
    ]),
    ...databaseOptions,
    ...actorOptions,
    ...outputOptions,
  },
  examples: [
    { purpose: "Revoke a token by its name", command: "vtb-setup token revoke open-formulieren --reason leaked" },
    {
      purpose: "Revoke the values in a file, as after a leak",
      command: "vtb-setup token revoke --stdin --reason leaked < leaked.txt",
    },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#token-revoke", "tokens.md"],
  run: async (context, settings, names) => {
    if (settings.stdin === names.length > 0) {
      const message = settings.stdin
        ? "--stdin and names exclude each other"
        : "there is nothing to revoke: neither a name nor --stdin is given";
      throw setupError("usage", "COMMAND_LINE", message, "write the names of tokens, or --stdin");
    }
    const [{ revokeLeakedValues, revokeTokens }, { changeDatabase }, { reportOperation, unknownTokens }] =
      await Promise.all([
        import("../../operations/revoke-tokens.js"),
        import("../use-database.js"),
        import("../report-operation.js"),
      ]);
    const revocation = { ...actorOf(settings.actor), reason: settings.reason ?? "other" } as const;
    const through = "token revoke";
    const report = { command: "token revoke", done: "Revoked", noun: "token", output: settings.output } as const;
    if (settings.stdin) {
      const { values, lines } = await readValues(context);
      const result = await changeDatabase(context, settings, (tx, record) =>
        revokeLeakedValues(tx, values, revocation, { ...record, through }),
      );
      const unknownLines = result.unknown.map((position) => lines[position - 1] ?? 0);
      await reportOperation(context, result, { ...report, unknownLines });
      return exitStatus.done;
    }
    const result = await changeDatabase(context, settings, (tx, record) =>
      revokeTokens(tx, names, revocation, { ...record, through }),
    );
    if (result.kind === "unknown_names") throw unknownTokens(result.positions, names.length);
    await reportOperation(context, result, report);
    return exitStatus.done;
  },
});

/** The values on the lines of standard input, and on which line each stands. Empty lines are none. */
async function readValues({ stdin }: CliContext) {
  const { Secret } = await import("../../secrets/secret.js");
  const found = (await stdin())
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .split("\n")
    .map((line, index) => ({ value: new Secret(line.trim()), line: index + 1, isEmpty: line.trim() === "" }))
    .filter(({ isEmpty }) => !isEmpty);
  return { values: found.map(({ value }) => value), lines: found.map(({ line }) => line) };
}
