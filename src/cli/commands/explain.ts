import { isCode } from "../../errors.js";
import { accessOptions } from "../access-facts.js";
import { defineCommand } from "../command.js";
import type { CliContext } from "../context.js";
import { exitStatus } from "../exit-status.js";
import { flag, list, outputOptions, type SettingsOf, text } from "../options.js";
import { printResult } from "../print.js";

const options = {
  ...accessOptions,
  claims: text("request", "--claims <file>", "the claims of client:ID, as a JSON file, or - for standard input"),
  headerFile: text("request", "--header-file <file>", "check this Authorization header; - for standard input"),
  tokenStdin: flag("request", "--token-stdin", "check a token from standard input"),
  client: list<string>(
    "request",
    "--client <identifier>",
    "a client whose bearer tokens the API accepts; defaults to api-oidc",
  ),
  source: text("request", "--source <address>", "the address that the request comes from"),
  offline: flag("request", "--offline", "ask no provider"),
  ...outputOptions,
  detailedExitcode: flag("output", "--detailed-exitcode", "exit with 2 where the answer is no"),
};

export const explainCommand = defineCommand({
  name: "explain",
  group: "Reference commands:",
  summary: "say why a permission is given, or not",
  description:
    "Says whether a user, a token or a person with certain claims has a permission, and why: each group, limit and state on the way, with the run or the line of a file that set it. With a header, has the verifier itself check it, and shows each check. With a code of a message or the path of a field, shows its reference. Use it when a request is refused, or allowed against what you thought. It changes nothing, and shows no credential.",
  argument: {
    terms: "[what...]",
    description:
      "user:NAME, token:NAME or client:ID and a permission; or a code; or a field such as tokenauth.items.token",
    completes: ["user:", "token:", "client:", "permission", "code", "namespace"],
  },
  options,
  examples: [
    {
      purpose: "Why a token may do something, or may not",
      command: "vtb-setup explain token:open-formulieren taken.view_externetaak",
    },
    {
      purpose: "What a person with these claims may do once a file is applied",
      command: "vtb-setup explain client:api-oidc taken.view_externetaak \\\n  --claims claims.json --from config.yaml",
    },
    { purpose: "Why a request is refused", command: "vtb-setup explain --header-file header.txt" },
    { purpose: "What a message means", command: "vtb-setup explain UNKNOWN_FIELD" },
    { purpose: "What a field is for", command: "vtb-setup explain tokenauth.items.expires_at" },
  ],
  statuses: ["changesPlanned", "invalid", "refused", "unavailable"],
  pages: ["command-line.md#explain", "operations.md#why-a-request-is-refused"],
  run: async (context, settings, what) => {
    const answer = await answerFor(context, settings, what);
    const { itemsToJson } = await import("../../report/json.js");
    const isJson = settings.output === "json";
    await printResult(
      context,
      isJson ? { kind: "json", value: itemsToJson("explain", answer.items) } : { kind: "text", text: answer.text },
    );
    return answer.status === exitStatus.changesPlanned && !settings.detailedExitcode ? exitStatus.done : answer.status;
  },
});

interface Answer {
  readonly items: readonly object[];
  readonly text: string;
  readonly status: number;
}

function answerFor(
  context: CliContext,
  settings: SettingsOf<typeof options>,
  what: readonly string[],
): Promise<Answer> {
  if (settings.headerFile !== undefined || settings.tokenStdin) return explainHeader(context, settings, what);
  const isReference = what.length === 1 || (what.length > 0 && what.every(isCode));
  return isReference ? explainReference(context, settings, what) : explainPrincipal(context, settings, what);
}

async function explainHeader(
  context: CliContext,
  settings: SettingsOf<typeof options>,
  what: readonly string[],
): Promise<Answer> {
  const [{ answerRequest }, { headerToJson, renderHeader }, { renderWhy, whyToJson }] = await Promise.all([
    import("../explain-header.js"),
    import("../../report/explained-header.js"),
    import("../../report/why.js"),
  ]);
  const { header, access } = await answerRequest(context, settings, what);
  const { outPaint } = context.terminal;
  const isNo = header.verdict === "refused" || access?.why.isAllowed === false;
  return {
    items: [{ ...headerToJson(header), ...(access && { access: whyToJson(access) }) }],
    text: [renderHeader(header, outPaint), ...(access ? [renderWhy(access, outPaint)] : [])].join(""),
    status: header.verdict === "unknown" ? exitStatus.unavailable : isNo ? exitStatus.changesPlanned : exitStatus.done,
  };
}

async function explainPrincipal(
  context: CliContext,
  settings: SettingsOf<typeof options>,
  what: readonly string[],
): Promise<Answer> {
  const [{ answerAccess, usage }, { renderWhy, whyToJson }] = await Promise.all([
    import("../explain-access.js"),
    import("../../report/why.js"),
  ]);
  if (what.length !== 2) {
    const hint = "write user:NAME, token:NAME or client:ID and a permission, a code, or a field";
    throw usage(what.length === 0 ? "there is nothing to explain" : "these are too many arguments", hint);
  }
  const answer = await answerAccess(context, settings, what);
  return {
    items: [whyToJson(answer)],
    text: renderWhy(answer, context.terminal.outPaint),
    status: answer.why.isAllowed ? exitStatus.done : exitStatus.changesPlanned,
  };
}

async function explainReference(
  context: CliContext,
  { steps }: SettingsOf<typeof options>,
  asked: readonly string[],
): Promise<Answer> {
  const { findReference } = await import("../explain-reference.js");
  return { ...(await findReference(context, steps, asked)), status: exitStatus.done };
}
