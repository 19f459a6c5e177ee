import { describe, expect, it } from "vitest";
import { runCli, runCliProcess, writeFiles } from "../support/cli.js";
import { tokenFile, tokenItem, userFile } from "../support/config-text.js";
import { temporaryFolder } from "../support/run.js";

const secretToken = "kept-apart-4f0c1b7de2a98635-9d1e0f";
const password = "Correct-horse-battery-17";

const base = `vtb_setup: {owner: shop}
groups_config_enable: yes
groups_config:
  items:
    - name: lezers
      permissions: [taken.view_externetaak]
other_program: {password: of-another-program}
${tokenFile(tokenItem("forms", secretToken, ", permissions: [taken.view_externetaak], expires_at: 2099-01-01T00:00:00Z"))}`;
const people = userFile(`username: jan, password: ${password}, groups: [lezers]`);
const overlay = `groups_config: {items: [{name: lezers, permissions: [taken.view_externetaak, taken.add_externetaak]}]}
default_user_configuration_config:
  users: [{username: "fatima", is_staff: false, email: {value_from: {env: MAIL, default: f@example.nl}}}]
`;

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  writeFiles(folder, files);
  return folder;
}

describe("render", () => {
  it("writes one file with the origin of each value, without secrets and what other programs read", async () => {
    const folder = folderOf({
      "base.yaml": base,
      "people.yaml": `vtb_setup: {owner: shop}\n${people}`,
      "over.yaml": overlay,
    });
    const args = ["render", "base.yaml", "people.yaml", "--overlay", "over.yaml"];
    const { status, stdout, stderr } = await runCliProcess(args, { cwd: folder });
    expect(status).toBe(0);
    expect(stdout).toBe(`# Left out, since no enabled step reads them: other_program
# It takes secrets that stand in the files from these variables:
#   FORMS_TOKEN
#   JAN_PASSWORD
vtb_setup:
  owner: shop # people.yaml:1
groups_config_enable: "yes" # base.yaml:2
groups_config:
  items:
    - name: lezers # over.yaml:1
      permissions:
        - taken.view_externetaak # over.yaml:1
        - taken.add_externetaak # over.yaml:1
tokenauth_config_enable: true # base.yaml:8
tokenauth:
  items:
    - identifier: forms # base.yaml:11
      token:
        value_from:
          env: FORMS_TOKEN # a secret in base.yaml:11
      contact_person: Beheer # base.yaml:11
      email: beheer@example.nl # base.yaml:11
      permissions:
        - taken.view_externetaak # base.yaml:11
      expires_at: "2099-01-01T00:00:00Z" # base.yaml:11
default_user_configuration_enable: true # people.yaml:2
default_user_configuration_config:
  users:
    - username: jan # people.yaml:5
      password:
        value_from:
          env: JAN_PASSWORD # a secret in people.yaml:5
      groups:
        - lezers # people.yaml:5
    - username: fatima # over.yaml:3
      is_staff: false # over.yaml:3
      email:
        value_from:
          env: MAIL # over.yaml:3
          default: f@example.nl # over.yaml:3
`);
    expect(stdout + stderr).not.toMatch(new RegExp(`${secretToken}|${password}|of-another-program`));
  });

  it("declares what the files do", async () => {
    const folder = folderOf({
      "base.yaml": base,
      "people.yaml": `vtb_setup: {owner: shop}\n${people}`,
      "over.yaml": overlay,
    });
    const given = ["base.yaml", "people.yaml", "--overlay", "over.yaml"];
    expect((await runCli(["apply", ...given], { cwd: folder })).status).toBe(0);
    writeFiles(folder, { "all.yaml": (await runCli(["render", ...given], { cwd: folder })).stdout });
    const env = { FORMS_TOKEN: secretToken, JAN_PASSWORD: password };
    const plan = await runCli(["plan", "all.yaml", "--detailed-exitcode"], { cwd: folder, env });
    expect({ status: plan.status, stdout: plan.stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^No changes\./),
    });
  });

  it("has the same in JSON, and the origins by path", async () => {
    const folder = folderOf({ "base.yaml": base });
    const { stdout } = await runCli(["render", "base.yaml", "--output", "json"], { cwd: folder });
    expect(JSON.parse(stdout)).toMatchObject({
      command: "render",
      outcome: "ok",
      items: [
        {
          text: expect.stringContaining("identifier: forms"),
          origins: { "tokenauth.items.0.token": { file: "base.yaml", line: 11 } },
          variables: ["FORMS_TOKEN"],
        },
      ],
    });
    expect(stdout).not.toContain(secretToken);
  });

  it("refuses files that are wrong, or that belong to several owners", async () => {
    const folder = folderOf({
      "base.yaml": base,
      "wrong.yaml": userFile("username: jan, emial: a@b.nl"),
      "other.yaml": `vtb_setup: {owner: office}\n${people}`,
    });
    const wrong = await runCli(["render", "wrong.yaml"], { cwd: folder });
    expect({ status: wrong.status, stdout: wrong.stdout }).toEqual({ status: 3, stdout: "" });
    const several = await runCli(["render", "base.yaml", "other.yaml"], { cwd: folder });
    expect({ status: several.status, stderr: several.stderr }).toEqual({
      status: 64,
      stderr: expect.stringContaining("different owners"),
    });
  });
});
