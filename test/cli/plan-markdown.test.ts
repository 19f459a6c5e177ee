import { Lexer, type Token, type Tokens } from "marked";
import { describe, expect, it } from "vitest";
import { runCli, runCliProcess, writeFiles } from "../support/cli.js";
import { tokenA, tokenItem, tokens, users, workplace } from "./outcome.js";

const groups = (permissions: string, name = "lezers") =>
  `groups_config_enable: true\ngroups_config:\n  items:\n    - {name: ${JSON.stringify(name)}, permissions: [${permissions}]}\n`;
const jan = users("username: jan, email: jan@example.nl, groups: [lezers]");
const vanJan = tokens(tokenItem("van-jan", tokenA, "user: jan"));

async function markdownOf(before: string, after: string, ...args: readonly string[]) {
  const place = workplace();
  expect(await place.apply(before)).toMatchObject({ status: 0 });
  writeFiles(place.folder, { "next.yaml": after });
  return await runCli([...args, "--output", "markdown", "next.yaml"], { cwd: place.folder });
}

/** Everything in a text as GitHub-flavored Markdown, of every depth. */
function allTokens(tokens: readonly Token[]): readonly Token[] {
  return tokens.flatMap((token) => [
    token,
    ...allTokens("tokens" in token ? (token.tokens ?? []) : []),
    ...(token.type === "list" ? allTokens((token as Tokens.List).items) : []),
  ]);
}
const parsed = (markdown: string) => allTokens(new Lexer({ gfm: true }).lex(markdown));

describe("plan --output markdown", () => {
  it("has who gains and who loses rights before the changes", async () => {
    const before = groups("taken.lees, taken.wis") + jan + vanJan;
    const { status, stdout } = await markdownOf(before, groups("taken.lees, taken.schrijf") + jan + vanJan, "plan");
    expect(status).toBe(0);
    expect(
      stdout.replace(/`(?:sqlite|postgres):.*`/, "`DATABASE`"),
    ).toBe(`### vtb-setup plan: 0 to create, 1 to update, 0 to delete, 2 unchanged

\`next.yaml\` and \`DATABASE\`

**Access:** 2 gain, 2 lose.

#### Access gained

- \`user jan\`, \`api_token van-jan\`: \`taken.schrijf through group lezers\` (\`next.yaml:4\`)

#### Access lost

- \`user jan\`, \`api_token van-jan\`: \`taken.wis through group lezers\` (\`next.yaml:4\`)

#### Changes

\`\`\`diff
group
! lezers
      permissions: taken.lees, taken.wis → taken.lees, taken.schrijf

user
= 1 unchanged: jan

api_token
= 1 unchanged: van-jan
\`\`\`
`);
  });

  it("says so where nobody gains or loses, nobody had any rights before, and nothing changes", async () => {
    const base = groups("taken.lees") + jan;
    expect((await markdownOf(base, base.replace("jan@", "j@"), "plan")).stdout).toContain(
      "**Access:** nobody gains or loses rights.\n",
    );
    const first = workplace({ "config.yaml": base });
    const run = () => runCli(["plan", "--output", "markdown", "config.yaml"], { cwd: first.folder });
    expect((await run()).stdout).toContain("**Access:** nobody had any rights before");
    await first.apply(base);
    expect((await run()).stdout).toMatch(
      /^### vtb-setup plan: no changes\n\nThese match: `config.yaml` and `[^`]+`\n$/,
    );
  });

  it("is no markup, link or mention, whatever the names in it are", async () => {
    const hostile = "</details><img src=x onerror=alert(1)> ` @team ```\u0060 [a](https://evil.example) **b** #1 | c";
    const before = users("username: jan, email: jan@example.nl");
    const after =
      groups("taken.lees", hostile) +
      users(`username: jan, email: jan@example.nl, groups: [${JSON.stringify(hostile)}], last_name: "<b>&\`\`\`\`"`);
    const { status, stdout } = await markdownOf(before, after, "plan");
    expect(status).toBe(0);
    expect(stdout).toContain("@team");
    const found = parsed(stdout);
    const types = new Set(found.map(({ type }) => type));
    expect([...types].sort()).toEqual(
      ["code", "codespan", "heading", "list", "list_item", "paragraph", "space", "strong", "text"].sort(),
    );
    const words = found.filter(({ type }) => type === "text" || type === "paragraph" || type === "list_item");
    const outside = words.map(({ raw }) => raw.replace(/(`+)(?!`).*?[^`]\1(?!`)/g, "")).join("\n");
    expect(outside).not.toMatch(/[@<>[\]#|]/);
  });

  it("never exceeds what a comment may have, and says how much more there is", async () => {
    const many = Array.from({ length: 400 }, (_, index) => `taken.recht_${"x".repeat(60)}_${index}`);
    const people = users(
      ...Array.from({ length: 300 }, (_, index) => {
        const own = many.slice(index, index + 20).join(", ");
        return `username: ${"n".repeat(80)}-${index}, email: jan${index}@example.nl, permissions: [${own}]`;
      }),
    );
    const { stdout } = await markdownOf(
      groups("taken.lees") + jan,
      groups("taken.lees") + jan.replace("users:\n", `users:\n${people.split("users:\n")[1]}`),
      "plan",
    );
    expect(stdout.length).toBeLessThanOrEqual(60_000);
    expect(stdout.length).toBeGreaterThan(30_000);
    expect(stdout).toMatch(/^- … and \d+ more; `--output json` lists all$/m);
    expect(stdout).toMatch(/^… and \d+ more lines; --output json has all$/m);
    expect(parsed(stdout).map(({ type }) => type)).not.toContain("html");
  });

  it("is also the result of a plan that is refused or invalid, beside the messages for the log", async () => {
    const base = groups("taken.lees") + jan;
    const refused = await markdownOf(base, groups("taken.lees, taken.wis") + jan, "plan", "--deny", "ESCALATION");
    expect(refused.status).toBe(4);
    expect(refused.stdout).toMatch(
      /^### vtb-setup plan: 1 refusal; nothing was changed\n[\s\S]*```text\nnext.yaml:4:\d+: refusal: user jan gains/,
    );
    expect(refused.stderr).toContain("[ESCALATION]");
    const invalid = await markdownOf(base, `${base}tokenauth_config_enable: true\ntokenauth: {itms: []}\n`, "plan");
    expect(invalid).toMatchObject({ status: 3, stdout: expect.stringContaining("[UNKNOWN_FIELD]") });
  });

  it("is what the real binary prints", async () => {
    const place = workplace({ "config.yaml": groups("taken.lees") });
    const { status, stdout } = await runCliProcess(["plan", "--output=markdown", "config.yaml"], { cwd: place.folder });
    expect({ status, heading: stdout.split("\n")[0] }).toEqual({
      status: 0,
      heading: "### vtb-setup plan: 1 to create, 0 to update, 0 to delete, 0 unchanged",
    });
  });
});

describe("apply --output markdown", () => {
  it("has what was done, and never a generated token", async () => {
    const place = workplace({
      "config.yaml": tokens(tokenItem("made", "{generate: true}")),
    });
    const apply = (...args: readonly string[]) =>
      runCli(["apply", "--output", "markdown", "config.yaml", ...args], { cwd: place.folder });
    expect(await apply()).toMatchObject({ status: 4, stdout: expect.stringContaining("[TOKENS_UNSEEN]") });
    const { status, stdout } = await apply("--tokens-out", "tokens.json");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^### vtb-setup apply: 1 created, 0 updated, 0 deleted, 0 unchanged\n/);
    expect(stdout).not.toContain("vtb_");
  });
});
