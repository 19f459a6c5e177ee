import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { runCli, writeFiles } from "./cli.js";
import { databaseEnv } from "./databases.js";
import { temporaryFolder } from "./run.js";

/** Lines as people type them up to the cursor, and the arguments that the program gets once the shell has completed them. */
export const completedLines: readonly (readonly [typed: string, args: readonly string[]])[] = [
  ["vtb-setup expo", ["export"]],
  ["vtb-setup user set-p", ["user", "set-password"]],
  ["vtb-setup token list --st", ["token", "list", "--state"]],
  ["vtb-setup token list --state exp", ["token", "list", "--state", "expired"]],
  ["vtb-setup token list --output=js", ["token", "list", "--output=json"]],
  ["vtb-setup schema cat", ["schema", "catalogue"]],
  ["vtb-setup apply conf", ["apply", "config.yaml"]],
  ["vtb-setup apply config.yaml --allow LAST_A", ["apply", "config.yaml", "--allow", "LAST_ADMINISTRATOR"]],
  ["vtb-setup export --sanitize oidc_p", ["export", "--sanitize", "oidc_provider"]],
  ["vtb-setup token show open-f", ["token", "show", "open-formulieren"]],
  ["vtb-setup token disable open-formulieren o", ["token", "disable", "open-formulieren", "open-formulieren"]],
  ["vtb-setup token list --user j", ["token", "list", "--user", "jan"]],
  ["vtb-setup token list --owner=team", ["token", "list", "--owner=team a"]],
  ["vtb-setup token list --owner t", ["token", "list", "--owner", "team a"]],
  ["vtb-setup access user:j", ["access", "user:jan"]],
  ["vtb-setup access permission:taken.v", ["access", "permission:taken.view_a"]],
  ["vtb-setup explain user:jan taken.v", ["explain", "user:jan", "taken.view_a"]],
  ["vtb-setup explain ALIAS_B", ["explain", "ALIAS_BOMB"]],
  ["vtb-setup explain tokena", ["explain", "tokenauth"]],
  ["vtb-setup user show o", ["user", "show", "o'brien"]],
  ['vtb-setup user show "o', ["user", "show", "o'brien"]],
  ["vtb-setup user show 'o", ["user", "show", "o'brien"]],
  ["vtb-setup user show \\$", ["user", "show", '$(touch made)`touch made`;*"!x']],
  ["vtb-setup user show '$", ["user", "show", '$(touch made)`touch made`;*"!x']],
  ['vtb-setup user show "\\$', ["user", "show", '$(touch made)`touch made`;*"!x']],
];

/** A folder whose database has these names. */
export async function folderToComplete(): Promise<string> {
  const folder = temporaryFolder();
  writeFiles(folder, {
    "config.yaml": `vtb_setup: {owner: team a}
default_user_configuration_enable: true
default_user_configuration_config:
  users: [{username: jan, permissions: [taken.view_a]}, {username: "o'brien"}, {username: '$(touch made)\`touch made\`;*"!x'}]
tokenauth_config_enable: true
tokenauth:
  items: [{identifier: open-formulieren, user: jan, token: {generate: true}, contact_person: Jan, email: jan@gemeente.example}]
`,
  });
  const applied = await runCli(["apply", "config.yaml", "--output", "json"], { cwd: folder });
  expect(applied).toMatchObject({ status: 0 });
  return folder;
}

/** What a shell needs to complete in this folder: among it, the program as `$NODE $PROGRAM`. */
export function shellEnv(folder: string): Readonly<Record<string, string>> {
  const { PATH = "" } = process.env;
  const program = fileURLToPath(new URL("../../bin/vtb-setup.js", import.meta.url));
  const own = { PATH, HOME: folder, LC_ALL: "C.UTF-8", TERM: "xterm", NODE: process.execPath, PROGRAM: program };
  return { ...own, ...databaseEnv(folder) };
}

/** Makes the command, in Bash and Zsh, note the arguments that it gets in the file `got`: a line for each, and an empty one. */
export const notingCommand = `PS1=
vtb-setup() {
  case $1 in
    __complete | completion) "$NODE" "$PROGRAM" "$@" ;;
    *) printf '%s\\n' "$@" '' >> got ;;
  esac
}
`;
