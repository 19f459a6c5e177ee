import { SetupError, setupError } from "../../errors.js";
import type { TokenError, TokenField } from "../../operations/outcome.js";
import { actorOf } from "../actor.js";
import { defineCommand } from "../command.js";
import { completedBy } from "../completes.js";
import { exitStatus } from "../exit-status.js";
import { actorOptions, databaseOptions, list, outputOptions, text, tokensOutOptions } from "../options.js";

export const tokenCreateCommand = defineCommand({
  name: "token create",
  group: "Token commands:",
  summary: "create an API token for a user",
  description:
    "Creates an API token that acts as an existing user, and shows its value once. Use it for tokens that no file manages: apply and --prune leave them alone. It can do no more than its user may.",
  argument: { terms: "<name>", description: "the token's identifier, unique among tokens" },
  options: {
    user: completedBy(text("token", "--user <name>", "the user that it acts as"), "user"),
    permission: list("token", "--permission <permission>", "limit it to this permission of its user"),
    description: text("token", "--description <text>", "what it is for"),
    allowedIp: list("token", "--allowed-ip <address>", "accept it only from this address or network"),
    rateLimit: text("token", "--rate-limit <rate>", "how many requests it may make, such as 100/m"),
    validFrom: text("token", "--valid-from <time>", "when it starts to work; defaults to at once"),
    expiresAt: text("token", "--expires-at <time>", "when it expires, such as 2030-01-31T12:00+01:00"),
    contactPerson: text("token", "--contact-person <name>", "whom to contact; defaults to its user's name"),
    email: text("token", "--email <address>", "the contact's address; defaults to its user's"),
    ...databaseOptions,
    ...actorOptions,
    ...outputOptions,
    ...tokensOutOptions,
  },
  examples: [
    {
      purpose: "Create a token that may do one thing, and write it to a file",
      command: "vtb-setup token create test --user jan --permission a.b --tokens-out t.json",
    },
    {
      purpose: "Create one that expires, and print it on this terminal",
      command: "vtb-setup token create test --user jan --expires-at 2030-01-31T12:00+01:00",
    },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#token-create", "command-line.md#generated-tokens"],
  run: async (context, settings, [identifier = ""]) => {
    const { user: username, permission, contactPerson, email, output } = settings;
    if (username === undefined) {
      throw setupError("usage", "COMMAND_LINE", "--user is missing", "name the user that the token acts as");
    }
    const [{ isCommitted }, { createTokenFor }, { changeDatabase }, { reportOperation }, { createTokenDoor }] =
      await Promise.all([
        import("../../database/write-rows.js"),
        import("../../operations/create-token.js"),
        import("../use-database.js"),
        import("../report-operation.js"),
        import("../token-door.js"),
      ]);
    const requested = {
      ...actorOf(settings.actor),
      identifier,
      username,
      contactPerson,
      email,
      permissions: permission.length > 0 ? permission : undefined,
      description: settings.description,
      allowedIps: settings.allowedIp.length > 0 ? settings.allowedIp : undefined,
      rateLimit: settings.rateLimit,
      validFrom: parseTime("--valid-from", settings.validFrom),
      expiresAt: parseTime("--expires-at", settings.expiresAt),
    };
    const door = createTokenDoor(context, settings);
    const create = () =>
      changeDatabase(context, settings, async (tx, record) => {
        if (door.file?.hasDrafts()) await door.file.settleDrafts((runId) => isCommitted(tx, runId));
        const done = await createTokenFor(tx, requested, { ...record, through: "token create" });
        if (done.value.kind === "created") {
          await door.keep([{ kind: "api_token", key: identifier, value: done.value.token }], done.value.runId);
        }
        return done;
      });
    const result = await create().catch((error: unknown) => {
      door.failed(error);
      throw error;
    });
    if (result.kind === "refused") throw notCreated(result.errors);
    if (result.kind === "taken") {
      const message = "a token with this identifier exists already";
      throw setupError("refused", "TOKEN_EXISTS", message, "choose another identifier, or use token rotate");
    }
    const generated = [{ kind: "api_token", key: identifier, value: result.token }];
    const changes = [{ action: "create", kind: "api_token", key: identifier, id: "", fields: [] } as const];
    const shownTokens = door.publish(generated);
    await reportOperation(
      context,
      { kind: "changed", changes, unchanged: [], runId: result.runId },
      { command: "token create", done: "Created", noun: "token", output, shownTokens },
    );
    door.tell(generated);
    return exitStatus.done;
  },
});

const optionOf: Readonly<Partial<Record<TokenField, string>>> = {
  identifier: "the identifier",
  contactPerson: "--contact-person",
  email: "--email",
  permissions: "--permission",
  description: "--description",
  allowedIps: "--allowed-ip",
  rateLimit: "--rate-limit",
  validFrom: "--valid-from",
  expiresAt: "--expires-at",
};

function notCreated(errors: readonly TokenError[]): SetupError {
  return new SetupError(
    "refused",
    errors.map(({ code, field, message }) => ({
      severity: "error",
      code: code === "policy_violated" ? "POLICY_VIOLATED" : "INVALID_VALUE",
      message: field === undefined ? message : `${optionOf[field] ?? field}: ${message}`,
    })),
  );
}

/** @throws SetupError `COMMAND_LINE` (usage) where the time could be read in more than one way */
function parseTime(option: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const [, day = ""] = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const time = new Date(text);
  if (isDay(day) && !Number.isNaN(time.getTime())) return time;
  throw setupError(
    "usage",
    "COMMAND_LINE",
    `${option} is not a date and time with an offset`,
    "write it like 2030-01-31T12:00:00+01:00",
  );
}

/** `Date` takes the 31st of February for the 3rd of March. */
function isDay(day: string): boolean {
  const midnight = new Date(`${day}T00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}
