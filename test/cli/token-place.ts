import { expect } from "vitest";
import { createVerifier, type VerifierOptions } from "../../src/verifier/create-verifier.js";
import { type CliOptions, runCli, writeFiles } from "../support/cli.js";
import { contentsOf, databaseOf, noticeChange, sealingEnv, useDatabase } from "../support/databases.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { openForTest, temporaryFolder } from "../support/run.js";

/** A folder whose database says this, with a verifier that runs all the while. */
export async function placeWith(yaml: string, options: Pick<VerifierOptions, "now"> = {}) {
  const folder = temporaryFolder();
  useDatabase(folder, await migratedDatabase());
  const url = databaseOf(folder);
  const command = (args: readonly string[], others: CliOptions = {}) => runCli(args, { cwd: folder, ...others });
  const apply = async (text: string, ...args: readonly string[]) => {
    writeFiles(folder, { "config.yaml": text });
    const { status, stdout } = await command(["apply", "config.yaml", "--output", "json", ...args]);
    const json = JSON.parse(stdout);
    expect({ status, json }).toMatchObject({ status: 0 });
    return json;
  };
  const applied = await apply(yaml);
  const events: { readonly reason?: string; readonly token?: string }[] = [];
  const onEvent = (event: object) => void events.push(event);
  const verifier = await createVerifier({ database: url, env: sealingEnv(), onEvent, ...options });
  const { kysely } = await openForTest(url);
  return {
    folder,
    url,
    command,
    apply,
    /** What the first run of `apply` printed as JSON. */
    applied,
    kysely,
    /** `authenticated`, or the reason for the rejection and the token's name. */
    use: async (value: string): Promise<string> => {
      await noticeChange();
      const before = events.length;
      const { kind } = await verifier.authenticate(`Token ${value}`);
      const [event] = events.slice(before);
      return kind === "authenticated" ? kind : [event?.reason, event?.token].join(" ").trim();
    },
    contents: () => contentsOf(url),
  };
}
