import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { looksRandom, mask, maskName, maskRandom } from "../../src/secrets/random-looking.js";
import { runCli, writeFiles } from "../support/cli.js";
import { temporaryFolder } from "../support/run.js";

const hex = `ba9d${randomBytes(18).toString("hex")}`;
const uuid = "ff1c9a52-3d84-4e0b-9c6a-51f0e2d7b834";

const secrets = [
  hex,
  "dGhpcy1pcy1hLXRlc3Qtc2VjcmV0LTEyMzQ1Njc4OTA",
  "vtb_Zk3mQ9xW2pL7vR4tB8nY6cJ1hD5gF0sA9uE3iOq7wXr2Kd",
  "pX8kRw3nTq6vBz1mLf9sHd2c",
  "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
  uuid,
];

const token = (fields: string) =>
  `tokenauth_config_enable: true\ntokenauth:\n  items:\n    - {identifier: app, contact_person: Jan, email: a@example.nl, ${fields}}\n`;
const good = "token: {generate: true}";

/** A file in which something stands where a name belongs, and what shows that it was read. */
const places: readonly (readonly [what: string, yaml: (secret: string) => string, code: string])[] = [
  ["a variable's name", (secret) => token(`token: {value_from: {env: ${secret}}}`), "ENV_NOT_SET"],
  ["a file's path", (secret) => token(`token: {value_from: {file: ${secret}}}`), "SECRET_FILE"],
  ["a file's path in a folder", (secret) => token(`token: {value_from: {file: ./x/${secret}}}`), "SECRET_FILE"],
  [
    "a key beside value_from",
    (secret) => token(`token: {value_from: {env: HOME}, ${secret}: 1}`),
    "VALUE_FROM_INVALID",
  ],
  ["a key inside of value_from", (secret) => token(`token: {value_from: {${secret}: 1}}`), "VALUE_FROM_INVALID"],
  ["a key of an item", (secret) => token(`${good}, ${secret}: x`), "UNKNOWN_FIELD"],
  ["a key of an item twice", (secret) => token(`${good}, ${secret}: x, ${secret}: y`), "DUPLICATE_KEY"],
  ["a key above a mistake", (secret) => token(`${good}, ${secret}: {value_from: {env: NOT_SET}}`), "ENV_NOT_SET"],
  ["a key of a step", (secret) => `${token(good)}  ${secret}: x\n`, "UNKNOWN_FIELD"],
  [
    "a key of the root",
    (secret) => `groups_config_enable: true\ngroups_config: {items: [{name: lezers}]}\n${secret}: x\n`,
    "UNKNOWN_ROOT_KEY",
  ],
];

const names: typeof places = [
  ["an identifier", (secret) => token(good).replace("app", secret.slice(0, 50)), "TOKENS_UNSEEN"],
  [
    "an identifier twice",
    (secret) =>
      token(good)
        .replace(/( {4}- .*\n)/, "$1$1")
        .replaceAll("app", secret),
    "DUPLICATE_RESOURCE",
  ],
  ["a reference", (secret) => token(`${good}, user: ${secret}`), "REFERENCE_NOT_FOUND"],
  [
    "what a reference was meant to be",
    (secret) =>
      `${token(`${good}, user: x${secret}`)}default_user_configuration_enable: true\ndefault_user_configuration_config: {users: [{username: ${secret}}]}\n`,
    "REFERENCE_NOT_FOUND",
  ],
];

async function outputsOf(yaml: string) {
  const folder = temporaryFolder();
  writeFiles(folder, { "config.yaml": yaml });
  const runs = [];
  for (const command of ["validate", "plan", "apply"]) {
    for (const output of ["text", "json"]) {
      const { stdout, stderr } = await runCli([command, "config.yaml", "--output", output], { cwd: folder });
      runs.push({ command, output, written: stdout + stderr });
    }
  }
  return runs;
}

describe("F43 a secret that stands where a name belongs is masked in every output", () => {
  it.each(places)("as %s", async (_what, yaml, code) => {
    for (const secret of secrets) {
      for (const { command, output, written } of await outputsOf(yaml(secret))) {
        expect(written, `${command} ${output}`).toContain(code);
        expect(written, `${command} ${output}`).not.toContain(secret);
      }
    }
  });

  it.each(names)("as %s", async (_what, yaml, code) => {
    // A UUID may well be a name here.
    for (const secret of secrets.filter((each) => each !== uuid && each.length <= 50)) {
      const runs = await outputsOf(yaml(secret));
      for (const { command, output, written } of runs) {
        expect(written, `${command} ${output}`).not.toContain(secret);
      }
      expect(runs.some(({ written }) => written.includes(code))).toBe(true);
    }
  });

  it("as an attribute that a plan shows", async () => {
    const yaml = token(`${good}, organization: ${hex}`).replace("Jan", hex);
    for (const { written } of await outputsOf(yaml)) expect(written).not.toContain(hex);
  });

  it("and the hint says that a name belongs there, not to export the secret", async () => {
    const [{ written } = { written: "" }] = await outputsOf(token(`token: {value_from: {env: ${hex}}}`));
    expect(written).toContain(`the environment variable ${mask} for \`token\` is not set`);
    expect(written).toContain("this looks like the secret itself");
    expect(written).not.toContain("export");
  });
});

describe("F43 what is no secret stays readable", () => {
  it.each([
    [
      "a variable's name",
      token("token: {value_from: {env: KEYCLOAK_CLIENT_SECRET_2024}}"),
      "export KEYCLOAK_CLIENT_SECRET_2024",
    ],
    [
      "a file's path",
      token("token: {value_from: {file: /run/secrets/objects-api-token-v2}}"),
      "{file: /run/secrets/objects-api-token-v2}",
    ],
    ["a misspelt key", token(`${good}, contact_persoon_gemeente: x`), "contact_persoon_gemeente"],
    ["a reference", token(`${good}, user: ${uuid}`), `user ${uuid}`],
    [
      "a permission",
      token(`${good}, user: x, permissions: [objecttype.${uuid}.read_only]`),
      `[objecttype.${uuid}.read_only]`,
    ],
    [
      "a list where text belongs",
      token(`${good}, organization: [Gemeente, Rotterdam]`),
      "organization: [Gemeente, Rotterdam]",
    ],
    ["a text where a list belongs", token(`${good}, permissions: taken.view_taak`), "permissions: taken.view_taak}"],
    [
      "a mapping where text belongs",
      token(`${good}, organization: {naam: Gemeente}`),
      "organization: {naam: Gemeente}",
    ],
    ["the value of a misspelt field", token(`${good}, organisation: Gemeente`), "organisation: Gemeente}"],
    [
      "what stands beside a secret",
      token("token: short, emial: b@example.nl"),
      "contact_person: Jan, email: a@example.nl, token: •••, emial: b@example.nl}",
    ],
  ])("such as %s", async (_what, yaml, shown) => {
    const runs = await outputsOf(yaml);
    expect(runs.find(({ output }) => output === "text")?.written).toContain(shown);
  });

  it.each([
    ["a list for a secret", "token: [kanarie-een, kanarie-twee]"],
    ["a mapping for a secret", "token: {kanarie-een: kanarie-twee}"],
    ["a misspelt secret", "tokne: kanarie-een"],
    ["a field that nobody knows", "zzz: kanarie-een"],
    ["a list for a field that nobody knows", "zzz: [{kanarie-een: kanarie-twee}]"],
    ["a random text in a field", `organization: [${hex}]`],
  ])("but not %s", async (_what, fields) => {
    for (const { written } of await outputsOf(token(`${fields}, permissions: x`))) {
      expect(written).not.toMatch(/kanarie/);
      expect(written).not.toContain(hex);
    }
  });
});

describe("F43 looksRandom", () => {
  it.each([
    [
      "OIDC_RP_CLIENT_SECRET_V2",
      "open-formulieren-productie-2024",
      "k8s-prod-eu-west-1a-db01-v2",
      "Beheerders Utrecht 2025",
    ],
    [
      "objecttype.b0e8553f-8b1a-4d55-ab90-6d02f1bcf2c2.read_only",
      "jan.de.vries@gemeente-voorbeeld.nl",
      "00000001823288444000",
    ],
    [
      "notifications_abonnementen_config_enable",
      "MyVeryLongCamelCaseGroupName",
      "/var/run/secrets/kubernetes.io/serviceaccount/token",
    ],
  ])("treats %s, %s and %s as names", (...texts) => {
    for (const text of texts) expect(looksRandom(text), text).toBe(false);
  });

  it("treats nearly every random text of 32 characters as a secret", () => {
    const encodings = ["hex", "base64", "base64url"] as const;
    for (const encoding of encodings) {
      const found = Array.from({ length: 500 }, () => randomBytes(24).toString(encoding)).filter(looksRandom);
      expect(found.length, encoding).toBeGreaterThan(480);
    }
  });

  it("masks words of a text, URLs but for their rest, and whole names", () => {
    expect(maskRandom(`user \`${hex}\` needs group ${hex}, at https://op.example/${hex}`)).toBe(
      `user \`${mask}\` needs group ${mask}, at https://op.example/${hex}`,
    );
    expect([maskName("NAME_2"), maskName(uuid), maskRandom(uuid)]).toEqual(["NAME_2", mask, uuid]);
  });
});
