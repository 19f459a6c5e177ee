import { cpSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/http-server.js";
import { kept, run } from "./kept.js";
import { type ServerProcess, startProcess, withPatience } from "./server-process.js";

/** What the compose files of Open VTB, Open Klant and Objects API pin; and one of today. */
export type KeycloakVersion = "23.0.7" | "26.7.3";

export interface Keycloak {
  /** Where the API and this machine's programs reach it. */
  readonly insideUrl: string;
  /** Where browsers reach it, and what its tokens say. */
  readonly outsideUrl: string;
  /** The folder with `kcadm.sh`. */
  readonly bin: string;
  /** An administrator's request; gives the answer's JSON, if it has any. */
  readonly admin: (method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: unknown) => Promise<unknown>;
  readonly stop: () => Promise<void>;
  /** On the same port, with the same data. */
  readonly start: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Of the realm `master`. */
export const administrator = { username: "admin", password: "admin" } as const;

const builtFolders = ["lib", "conf", "providers", "themes"] as const;

/** A Keycloak with two host names, `localhost` for browsers and `127.0.0.1` for programs, and with no realm but `master`. */
export async function startKeycloak(version: KeycloakVersion): Promise<Keycloak> {
  const installed = await kept(`keycloak-${version}`, (folder) => install(version, folder));
  const home = mkdtempSync(join(tmpdir(), "vtb-setup-keycloak-"));
  // It finds its folders from where its own script really is.
  cpSync(join(installed, "bin"), join(home, "bin"), { recursive: true });
  for (const name of builtFolders) symlinkSync(join(installed, name), join(home, name));
  const ports = { http: await freePort(), management: await freePort() };
  const insideUrl = `http://127.0.0.1:${ports.http}`;
  const outsideUrl = `http://localhost:${ports.http}`;
  let server: ServerProcess | undefined;
  const start = async (): Promise<void> => {
    server = await startServer(version, home, ports);
  };
  const stop = async (): Promise<void> => server?.stop();
  // One that created half an administrator at its first start never recovers: start again, without a database.
  await start().catch(async () => {
    rmSync(join(home, "data"), { recursive: true, force: true });
    await start();
  });

  const admin: Keycloak["admin"] = async (method, path, body) => {
    const response = await fetch(`${insideUrl}/admin/realms${path}`, {
      method,
      headers: { authorization: `Bearer ${await administratorsToken(insideUrl)}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  return {
    insideUrl,
    outsideUrl,
    bin: join(home, "bin"),
    admin,
    stop,
    start,
    close: async () => {
      await stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/**
 * Unpacks it and compiles its settings into it. Its database isn't kept: one that is stopped soon after its first start can lack
 * the administrator, or hold half of it.
 */
async function install(version: KeycloakVersion, folder: string): Promise<void> {
  const repository = join(folder, "repository");
  const artifact = `org.keycloak:keycloak-quarkus-dist:${version}:zip`;
  await run("mvn", [
    "--batch-mode",
    "--quiet",
    "dependency:get",
    `-Dartifact=${artifact}`,
    "-Dtransitive=false",
    `-Dmaven.repo.local=${repository}`,
  ]);
  const downloaded = join(repository, "org/keycloak/keycloak-quarkus-dist", version);
  await run("unzip", ["-q", join(downloaded, `keycloak-quarkus-dist-${version}.zip`), "-d", folder]);
  rmSync(repository, { recursive: true });
  const unpacked = join(folder, `keycloak-${version}`);
  for (const name of readdirSync(unpacked)) renameSync(join(unpacked, name), join(folder, name));
  rmSync(unpacked, { recursive: true });
  await run(join(folder, "bin/kc.sh"), ["build", "--db=dev-file", "--health-enabled=true", "--cache=local"]);
}

async function administratorsToken(url: string): Promise<string> {
  const response = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams({ client_id: "admin-cli", grant_type: "password", ...administrator }),
  });
  const answer = (await response.json()) as { readonly access_token?: string };
  if (answer.access_token === undefined) throw new Error(`no token for the administrator: ${JSON.stringify(answer)}`);
  return answer.access_token;
}

async function startServer(
  version: KeycloakVersion,
  home: string,
  ports: { readonly http: number; readonly management: number },
): Promise<ServerProcess> {
  const outside = `http://localhost:${ports.http}`;
  const ofVersion =
    version === "23.0.7"
      ? [`--hostname-url=${outside}`, `--hostname-admin-url=${outside}`, "--hostname-strict-backchannel=false"]
      : [
          "--cache=local",
          `--hostname=${outside}`,
          "--hostname-backchannel-dynamic=true",
          "--http-management-host=127.0.0.1",
          `--http-management-port=${ports.management}`,
        ];
  const { username, password } = administrator;
  const server = await startProcess(
    join(home, "bin/kc.sh"),
    ["start", "--optimized", "--http-enabled=true", "--http-host=127.0.0.1", `--http-port=${ports.http}`, ...ofVersion],
    {
      readyUrl: `http://127.0.0.1:${ports.http}/realms/master/.well-known/openid-configuration`,
      timeoutMs: 600_000,
      env:
        version === "23.0.7"
          ? { KEYCLOAK_ADMIN: username, KEYCLOAK_ADMIN_PASSWORD: password }
          : { KC_BOOTSTRAP_ADMIN_USERNAME: username, KC_BOOTSTRAP_ADMIN_PASSWORD: password },
    },
  );
  // It answers before its administrator exists.
  await withPatience(() => administratorsToken(`http://127.0.0.1:${ports.http}`)).catch(async (error) => {
    await server.stop();
    throw new Error(`${error.message}\n${server.log().slice(-4000)}`, { cause: error });
  });
  return server;
}
