import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { explicitProvider, tokenFile, tokenItem, userFile } from "../support/config-text.js";
import { temporaryFolder } from "../support/run.js";

const strong = "a3f1c9d27b8e04a5a6d1f0e9c8b7a6950413223";
const provider = explicitProvider.replace("SECRET", "a-client-secret-for-tests");

function folderWith(yaml: string): string {
  const folder = temporaryFolder();
  writeFiles(folder, { "config.yaml": yaml });
  return folder;
}

const run = (folder: string, command: string, ...args: string[]) =>
  runCli([command, "config.yaml", ...args], { cwd: folder });

describe("S42 a URL with http", () => {
  // Not refused outright, as the requirement has it: real files use http inside of a cluster, which is allowed.
  it.each(["auth", "token", "userinfo", "jwks"])(
    "of the %s endpoint is warned about, and refused with --strict",
    async (path) => {
      const folder = folderWith(
        provider.replace(`https://keycloak.example/${path}`, `http://keycloak.svc.cluster.local/${path}`),
      );
      for (const command of ["validate", "plan", "apply"]) {
        const warned = await run(folder, command);
        expect(warned.status).toBe(0);
        expect(warned.stderr).toMatch(
          /^config\.yaml:\d+:\d+: warning: http sends secrets and tokens unencrypted.*\[INSECURE_URL\]/,
        );
        const strict = await run(folder, command, "--strict");
        expect(strict.status).toBe(3);
        expect(strict.stderr).toMatch(/: error: http sends .*\[INSECURE_URL\]/);
      }
    },
  );

  it("is accepted without a warning for this machine, and https for any", async () => {
    for (const origin of [
      "http://localhost:8080",
      "http://127.0.0.1:8080",
      "http://[::1]:8080",
      "https://op.example",
    ]) {
      const { status, stderr } = await run(
        folderWith(provider.replaceAll("https://keycloak.example", origin)),
        "plan",
        "--strict",
      );
      expect(status, stderr).toBe(0);
    }
    for (const origin of ["http://10.0.0.8", "http://localhost.example", "http://127.0.0.1.example"]) {
      const { status } = await run(
        folderWith(provider.replaceAll("https://keycloak.example", origin)),
        "plan",
        "--strict",
      );
      expect(status, origin).toBe(3);
    }
  });

  it("S46 of a metadata address is not requested", async () => {
    const discovery = 'endpoint_config: {oidc_op_discovery_endpoint: "http://169.254.169.254/latest/"}\n';
    const folder = folderWith(provider.replace(/endpoint_config:\n(?: {8}.*\n)*/, discovery));
    const { status, stderr } = await run(folder, "apply");
    expect(status).toBe(3);
    expect(stderr).toContain("[DISCOVERY_INVALID]");
    expect(readdirSync(folder)).toEqual(["config.yaml"]);
  });
});

describe("a token's value", () => {
  it("S61 that is short or simple is warned about by every command every time, and refused with --strict", async () => {
    for (const weak of ["a3f1c9d27b8e04a", "a".repeat(40)]) {
      const folder = folderWith(tokenFile(tokenItem("app", weak)));
      for (const command of ["validate", "plan", "apply", "plan", "apply"]) {
        const { status, stderr } = await run(folder, command);
        expect(status).toBe(0);
        expect(stderr).toMatch(/warning: .*\[WEAK_TOKEN\]/);
        expect(stderr).not.toContain(weak);
        expect((await run(folder, command, "--strict")).status).toBe(3);
      }
    }
    expect(await run(folderWith(tokenFile(tokenItem("app", strong))), "apply", "--strict")).toMatchObject({
      status: 0,
    });
  });

  it.each(["modify-this", "changeme", "'${TOKEN}'", "'{{ token }}'", "REP_TOKEN_REP"])(
    "S61 that is the placeholder %s is refused without --strict",
    async (placeholder) => {
      const folder = folderWith(tokenFile(tokenItem("app", placeholder)));
      const { status, stderr } = await run(folder, "apply");
      expect(status).toBe(3);
      expect(stderr).toContain("[PLACEHOLDER]");
      expect(readdirSync(folder)).toEqual(["config.yaml"]);
    },
  );

  it("S62 that two tokens share is refused by plan, in one file, in two, and where one is another owner's already", async () => {
    const folder = folderWith(tokenFile(tokenItem("one", strong), tokenItem("two", strong)));
    const both = await run(folder, "plan");
    expect(both.status).toBe(3);
    expect(both.stderr).toMatch(/config\.yaml:5:\d+: error: .*\[DUPLICATE_SECRET\]/);
    writeFiles(folder, {
      "config.yaml": tokenFile(tokenItem("one", strong)),
      "more.yaml": tokenFile(tokenItem("two", strong)),
    });
    const apart = await run(folder, "plan", "more.yaml");
    expect(apart.status).toBe(3);
    expect(apart.stderr).toContain("[DUPLICATE_SECRET]");

    expect((await run(folder, "apply")).status).toBe(0);
    for (const command of ["plan", "apply"]) {
      const other = await runCli([command, "more.yaml", "--owner", "other"], { cwd: folder });
      expect(other.status).toBeGreaterThanOrEqual(3);
      expect(other.stderr).toContain("[DUPLICATE_SECRET]");
      expect(both.stderr + apart.stderr + other.stderr).not.toContain(strong);
    }
  });
});

describe("--secrets-dir", () => {
  function folderWithSecrets(file: string): string {
    const folder = folderWith(tokenFile(tokenItem("app", `{value_from: {file: "${file}"}}`)));
    for (const name of ["secrets", "elsewhere", "secrets-too"]) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "token"), `${strong}\n`, { mode: 0o600 });
    }
    symlinkSync("../elsewhere/token", join(folder, "secrets", "link-out"));
    symlinkSync("../elsewhere", join(folder, "secrets", "folder-out"));
    symlinkSync("token", join(folder, "secrets", "link-in"));
    return folder;
  }

  it.each([
    "secrets/../elsewhere/token",
    "secrets/link-out",
    "secrets/folder-out/token",
    "secrets-too/token",
    "elsewhere/token",
    "/etc/hostname",
    "secrets/../nowhere",
    "secrets",
  ])("S88 refuses %s", async (file) => {
    const folder = folderWithSecrets(file);
    for (const command of ["validate", "apply"]) {
      const { status, stderr } = await run(folder, command, "--secrets-dir", "secrets");
      expect(status).toBe(3);
      expect(stderr).toMatch(
        /config\.yaml:4:\d+: error: the secret's file is (?:outside of the secrets directory|not a regular file) \[SECRET_FILE\]/,
      );
    }
  });

  it.each(["secrets/token", "./secrets/token", "secrets/../secrets/token", "secrets/link-in"])(
    "S88 accepts %s, as it accepts any file without the option",
    async (file) => {
      const folder = folderWithSecrets(file);
      expect(await run(folder, "plan", "--secrets-dir", "secrets", "--strict")).toMatchObject({
        status: 0,
        stderr: "",
      });
      expect(await run(folderWithSecrets("elsewhere/token"), "plan", "--strict")).toMatchObject({ status: 0 });
    },
  );

  it("F46 is decided by real paths, whichever of its two names each is given by", async () => {
    const folder = folderWithSecrets("secrets/token");
    // As /var/run is a link to /run.
    symlinkSync("secrets", join(folder, "run"));
    const absolute = (name: string) => join(folder, name, "token");
    for (const [file, directory] of [
      [absolute("run"), "secrets"],
      [absolute("secrets"), "run"],
      ["run/token", join(folder, "secrets")],
      ["secrets/token", join(folder, "run")],
    ] as const) {
      writeFiles(folder, { "config.yaml": tokenFile(tokenItem("app", `{value_from: {file: "${file}"}}`)) });
      expect(await run(folder, "validate", "--secrets-dir", directory), file).toMatchObject({ status: 0, stderr: "" });
    }
  });

  it("F46 reveals nothing about a file outside of it, not even through a link whether it exists", async () => {
    const folder = folderWithSecrets("secrets/token");
    symlinkSync("secrets", join(folder, "run"));
    symlinkSync("../elsewhere/nothing", join(folder, "secrets", "dangling"));
    for (const file of [
      "run/link-out",
      "run/folder-out/token",
      "run/folder-out/nothing",
      "secrets/dangling",
      "run/dangling",
    ]) {
      writeFiles(folder, { "config.yaml": tokenFile(tokenItem("app", `{value_from: {file: "${file}"}}`)) });
      const { status, stderr } = await run(folder, "validate", "--secrets-dir", "secrets");
      expect(status).toBe(3);
      expect(stderr, file).toContain("the secret's file is outside of the secrets directory [SECRET_FILE]");
    }
  });

  it("F46 a refused relative path says where it begins", async () => {
    const folder = folderWithSecrets("token");
    const { stderr } = await run(folder, "validate", "--secrets-dir", "secrets");
    expect(stderr).toContain(`a relative path starts at the working directory, ${folder}, not at that directory`);
    const absolute = await run(folderWithSecrets("/etc/hostname"), "validate", "--secrets-dir", "secrets");
    expect(absolute.stderr).toContain("outside of the secrets directory");
    expect(absolute.stderr).not.toContain("a relative path");
  });

  it("S88 a mode wider than 0640 is warned about, and refused with --strict", async () => {
    const folder = folderWithSecrets("secrets/token");
    for (const [mode, status] of [
      [0o644, 3],
      [0o660, 3],
      [0o640, 0],
      [0o400, 0],
    ] as const) {
      chmodSync(join(folder, "secrets", "token"), mode);
      const warned = await run(folder, "plan");
      expect(warned.status).toBe(0);
      expect(warned.stderr.includes("[SECRET_FILE_MODE]")).toBe(status === 3);
      expect((await run(folder, "plan", "--strict")).status, mode.toString(8)).toBe(status);
    }
  });
});

describe("a file", () => {
  it.each([
    [
      "a tag that makes objects",
      "tokenauth_config_enable: !!python/object/apply:os.system ['touch pwned']\n",
      "YAML_SYNTAX",
    ],
    [
      "a key __proto__",
      "tokenauth_config_enable: true\ntokenauth: {items: [], __proto__: {is_superuser: true}}\n",
      "YAML_SYNTAX",
    ],
    ["a key twice", "tokenauth_config_enable: true\ntokenauth_config_enable: true\n", "DUPLICATE_KEY"],
    ["a billion laughs", laughs(10), "ALIAS_BOMB"],
  ])("S87 with %s is refused", async (_what, yaml, code) => {
    const folder = folderWith(yaml);
    const { status, stderr } = await run(folder, "apply");
    expect(status).toBe(3);
    expect(stderr).toContain(`[${code}]`);
    expect(readdirSync(folder)).toEqual(["config.yaml"]);
  });

  it("S87 with a few aliases and the keys constructor and prototype is accepted", async () => {
    const folder = folderWith(`${laughs(2)}${userFile("username: alice")}constructor: {prototype: 1}\n`);
    expect((await run(folder, "apply")).status).toBe(0);
  });
});

function laughs(levels: number): string {
  const lines = Array.from({ length: levels }, (_, level) => {
    const items = Array.from({ length: 10 }, () => (level === 0 ? "ha" : `*l${level - 1}`));
    return `laugh_${level}: &l${level} [${items.join(", ")}]`;
  });
  return `${lines.join("\n")}\n`;
}

describe("S93 a plan", () => {
  // There are no plan files: apply plans again under its lock, so there is nothing to alter, to go stale or to leak.
  it("is never written to a file, and can't be given to apply", async () => {
    const folder = folderWith(tokenFile(tokenItem("app", strong)));
    expect((await run(folder, "plan", "--output", "json")).status).toBe(0);
    expect(readdirSync(folder)).toEqual(["config.yaml"]);
    expect((await run(folder, "plan", "--out", "plan.json")).status).toBe(64);
    const planned = await run(folder, "plan", "--output", "json");
    writeFiles(folder, { "plan.yaml": planned.stdout });
    expect((await runCli(["apply", "plan.yaml"], { cwd: folder })).status).toBe(3);
  });

  it("that another run has carried out meanwhile is not carried out again", async () => {
    const folder = folderWith(tokenFile(tokenItem("app", strong)));
    expect((await run(folder, "plan")).stdout).toContain("1 to create");
    expect((await run(folder, "apply")).stdout).toContain("1 created");
    expect((await run(folder, "apply")).stdout).toMatch(/^No changes\./);
  });
});
