import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { startCli } from "../support/cli-process.js";
import { databaseOf } from "../support/databases.js";
import { openForTest, temporaryFolder } from "../support/run.js";
import { sqlInAnotherProcess } from "../support/sql-in-another-process.js";

// A sequence counts also what is rolled back.
const firstCommitFails = `
  create sequence commits;
  create function fail_once() returns trigger language plpgsql as $$
  begin
    if nextval('commits') = 1 then raise exception 'again' using errcode = '40001'; end if;
    return null;
  end $$;
  create constraint trigger fail_once after insert on api_tokens deferrable initially deferred
    for each row execute function fail_once();`;

describe("an apply whose commit is refused by the server", () => {
  it("is retried, and writes no tokens file where another run created the token in the meantime", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, {
      "empty.yaml": "groups_config_enable: true\ngroups_config: {items: []}\n",
      "config.yaml":
        "tokenauth_config_enable: true\ntokenauth:\n  items:\n    - {identifier: zaak, token: {generate: true}, " +
        "contact_person: Jan, email: jan@gemeente.example, permissions: []}\n",
    });
    expect(await runCli(["apply", "empty.yaml"], { cwd: folder })).toMatchObject({ status: 0 });
    expect(await runCli(["migrate"], { cwd: folder })).toMatchObject({ status: 0 });
    const url = databaseOf(folder);
    sqlInAnotherProcess(url, firstCommitFails);

    const names = ["a", "b", "c", "d"] as const;
    const runs = names.map(
      (name) => startCli(["apply", "config.yaml", "--tokens-out", `${name}.json`], { cwd: folder }).ended,
    );
    expect((await Promise.all(runs)).map(({ status }) => status)).toEqual([0, 0, 0, 0]);

    const { kysely } = await openForTest(url);
    const rows = await kysely.selectFrom("api_tokens").select("digest").execute();
    const left = names.map((name) => join(folder, `${name}.json`)).filter((file) => existsSync(file));
    const digests = left.map((file) => {
      const { zaak } = JSON.parse(readFileSync(file, "utf8"));
      return { digest: createHash("sha256").update(String(zaak)).digest("hex") };
    });
    expect(digests).toEqual(rows);
  });
});
